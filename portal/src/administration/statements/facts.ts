// What a line was billed for. The service gives some of it as values and the rest in an English text for finance, whose days and numbers are
// read out of it here, so that it can be told in the reader's language.

import type { Schemas } from '../../api/client';

export type Line = Schemas['StatementLine'];

export type Facts =
  | { kind: 'activated'; at: string }
  | { kind: 'active'; days: number; first: string; last: string }
  | { kind: 'stored'; days: number; mean: number; users: number; allowance: number }
  | { kind: 'had'; first: string }
  | { kind: 'told'; text: string };

const DAY = String.raw`(\d{4}-\d{2}-\d{2})`;
const ACTIVE = new RegExp(`^active on (\\d+) days from ${DAY} to ${DAY}$`);
const STORED = /^mean of (\d+) days (-?\d+) bytes; (\d+) users; included (\d+) bytes$/;
const HAD = new RegExp(`^from ${DAY}$`);

export function factsOf({ facts, activatedAt }: Pick<Line, 'facts' | 'activatedAt'>): Facts {
  if (activatedAt) return { kind: 'activated', at: activatedAt };
  const [, days, first, last] = ACTIVE.exec(facts) ?? [];
  if (days && first && last) return { kind: 'active', days: Number(days), first, last };
  const [, of, mean, users, allowance] = STORED.exec(facts) ?? [];
  if (of)
    return { kind: 'stored', days: Number(of), mean: Number(mean), users: Number(users), allowance: Number(allowance) };
  const [, from] = HAD.exec(facts) ?? [];
  return from ? { kind: 'had', first: from } : { kind: 'told', text: facts };
}
