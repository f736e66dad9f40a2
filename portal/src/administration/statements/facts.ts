// The facts of a line in the reader's language, from the line's values. A fact that the portal does
// not know has the English text that finance reads.

import type { Schemas } from '../../api/client';

export type Line = Schemas['StatementLine'];

export type Facts =
  | { kind: 'activated'; at: string }
  | { kind: 'active'; days: number; first: string; last: string }
  | { kind: 'stored'; days: number; mean: number; users: number; allowance: number }
  | { kind: 'had'; first: string }
  | { kind: 'told'; text: string };

type Values = 'facts' | 'activatedAt' | 'days' | 'firstDay' | 'lastDay' | 'meanBytes' | 'users' | 'allowanceBytes';

export function factsOf(line: Pick<Line, Values>): Facts {
  const { activatedAt: at, days, firstDay: first, lastDay: last, meanBytes: mean, users, allowanceBytes } = line;
  if (at) return { kind: 'activated', at };
  if (is(days) && first && last) return { kind: 'active', days, first, last };
  if (is(days) && is(mean) && is(users) && is(allowanceBytes))
    return { kind: 'stored', days, mean, users, allowance: allowanceBytes };
  return first ? { kind: 'had', first } : { kind: 'told', text: line.facts };
}

function is(value: number | null | undefined): value is number {
  return typeof value === 'number';
}
