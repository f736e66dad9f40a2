// A statement, cut into what people ask about: this month's lines, then what is put right of each earlier month.

import type { Line } from './facts';

export type Part = { corrects: string | undefined; lines: Line[]; ore: number };
export type Sum = { rule: string; quantity: number; ore: number };

/** The month itself first, then corrections, those of the latest month first. The service's order of lines is kept. */
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

/** What each rule comes to, in the order in which they come. */
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
