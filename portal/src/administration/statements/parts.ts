// Splits a statement into this month's lines and the corrections of each earlier month.

import type { Line } from './facts';

export type Part = { corrects: string | undefined; lines: Line[]; ore: number };
export type Sum = { rule: string; quantity: number; ore: number };

/** The month first, then the corrections, latest month first. Lines stay in the service's order. */
export function partsOf(lines: Line[]): Part[] {
  const parts = new Map<string, Line[]>();
  for (const line of lines) {
    const part = line.corrects ?? '';
    const known = parts.get(part);
    if (known) known.push(line);
    else parts.set(part, [line]);
  }
  return [...parts]
    .sort(([one], [other]) => Number(one !== '') - Number(other !== '') || other.localeCompare(one))
    .map(([corrects, lines]) => ({ corrects: corrects || undefined, lines, ore: oreOf(lines) }));
}

/** The total of each rule, in order of appearance. */
export function sumsOf(lines: Line[]): Sum[] {
  const rules = [...new Set(lines.map(({ rule }) => rule))];
  return rules.map((rule) => {
    const of = lines.filter((line) => line.rule === rule);
    return { rule, quantity: of.reduce((sum, { quantity }) => sum + quantity, 0), ore: oreOf(of) };
  });
}

/** In whole öre, so that no sum is rounded. */
function oreOf(lines: Line[]): number {
  return lines.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0);
}
