// The filters of a search, as the address and as the API's query. Each filter is declared once.

import { TZDate } from '@date-fns/tz';
import type { SearchQuery } from '../api/client';
import { dayOf, isDay, mondayOf, shifted, startOf, ZONE } from '../time';

export const PERIODS = ['today', 'yesterday', 'week', 'last-week', 'month', 'last-month'] as const;
export const STATES = ['stored', 'expected', 'rejected'] as const;
export const FIELDS = ['field1', 'field2', 'field3'] as const;
const LEG = ['conversation', 'participant'] as const;
const TEXTS = ['user', 'name', 'counterpart', 'number', 'mark', 'note', 'fields', ...LEG, ...FIELDS] as const;

export type Period = (typeof PERIODS)[number];
export type Filters = {
  period?: Period;
  /** A day, or a day and a time: 2026-11-24, 2026-11-24T13:00. */
  from?: string;
  /** Likewise; a day without a time is included. */
  to?: string;
  /** In seconds. */
  min?: number;
  max?: number;
  direction?: 'in' | 'out';
  state?: (typeof STATES)[number];
  held?: 'yes' | 'no';
  order?: 'oldest';
} & { [text in (typeof TEXTS)[number]]?: string };

export type FilterName = keyof Filters;

/** Reads the filters of an address. Drops unknown ones, so an old link still finds something. */
export function readFilters(search: Record<string, unknown>): Filters {
  const filters: Filters = {};
  for (const name of TEXTS) {
    const text = String(search[name] ?? '').trim();
    if (text) filters[name] = text.slice(0, 200);
  }
  filters.period = oneOf(PERIODS, search.period);
  filters.state = oneOf(STATES, search.state);
  filters.direction = oneOf(['in', 'out'] as const, search.direction);
  filters.held = oneOf(['yes', 'no'] as const, search.held);
  filters.order = oneOf(['oldest'] as const, search.order);
  filters.from = moment(search.from);
  filters.to = moment(search.to);
  filters.min = seconds(search.min);
  filters.max = seconds(search.max);
  return present(filters);
}

/** The API's query. Periods are relative to `now`, in Stockholm's days. */
export function query(filters: Filters, now: Date): SearchQuery {
  const { period, from, to, min, max, held, ...same } = filters;
  const span = period ? spanOf(period, dayOf(now)) : { from, to };
  return present({
    ...same,
    from: span.from && instant(span.from, false),
    to: span.to && instant(span.to, true),
    minSeconds: min,
    maxSeconds: max,
    held: held && held === 'yes',
  });
}

/** The first and the last day of a period. */
export function spanOf(period: Period, today: string): { from: string; to: string } {
  const monday = mondayOf(today);
  const first = `${today.slice(0, 7)}-01`;
  switch (period) {
    case 'today':
      return { from: today, to: today };
    case 'yesterday':
      return { from: shifted(today, -1), to: shifted(today, -1) };
    case 'week':
      return { from: monday, to: today };
    case 'last-week':
      return { from: shifted(monday, -7), to: shifted(monday, -1) };
    case 'month':
      return { from: first, to: today };
    case 'last-month': {
      const last = shifted(first, -1);
      return { from: `${last.slice(0, 7)}-01`, to: last };
    }
  }
}

/** Whether the filters name no person, number or word, so that the computer may store them. */
export function isImpersonal(filters: Filters): boolean {
  return TEXTS.every((name) => name === 'mark' || filters[name] === undefined);
}

function instant(moment: string, end: boolean): string {
  if (isDay(moment)) return startOf(end ? shifted(moment, 1) : moment).toISOString();
  const [day = '', clock = ''] = moment.split('T');
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  const at = new TZDate(year, month - 1, date, hour, minute + (end ? 1 : 0), 0, ZONE);
  return new Date(at.getTime()).toISOString();
}

function moment(value: unknown): string | undefined {
  const text = String(value ?? '');
  const [day = '', clock] = text.split('T');
  return isDay(day) && (clock === undefined || /^([01]\d|2[0-3]):[0-5]\d$/.test(clock)) ? text : undefined;
}

function seconds(value: unknown): number | undefined {
  const text = String(value ?? '');
  return /^\d{1,5}$/.test(text) && Number(text) <= 86_400 ? Number(text) : undefined;
}

function oneOf<T extends string>(names: readonly T[], value: unknown): T | undefined {
  return names.find((name) => name === value);
}

function present<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
