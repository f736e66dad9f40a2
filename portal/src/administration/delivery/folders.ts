// Where a day's folder is, and how large.

import type { Schemas } from '../../api/client';

/** `overdue` where it should have been complete by now. */
export function stateOf({ state, dueAt }: Pick<Schemas['Drop'], 'state' | 'dueAt'>, now: Date): string {
  return state === 'building' && new Date(dueAt) < now ? 'overdue' : state;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 0 B, 812 kB, 1,4 GB. */
export function size(bytes: number, locale: string): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const amount = bytes / 1000 ** power;
  return `${amount.toLocaleString(locale, { maximumFractionDigits: amount < 10 && power > 0 ? 1 : 0 })} ${UNITS[power]}`;
}
