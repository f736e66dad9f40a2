import { expect, it } from 'vitest';
import type { Line } from './facts';
import { partsOf, sumsOf } from './parts';

const line = (rule: Line['rule'], amount: string, quantity = 1, corrects?: string): Line => ({
  rule,
  amount,
  quantity,
  corrects,
  agreed: false,
  facts: '',
});

it('the month comes first, then corrections, latest month first', () => {
  const lines = [
    line('storage', '-4.25', -1, '2026-09'),
    line('storage', '21.25', 5, '2026-09'),
    line('start-fee', '-99.00', -1, '2026-10'),
    line('user-month', '49.00'),
    line('user-month', '39.50'),
  ];
  const parts = partsOf(lines).map(({ corrects, lines, ore }) => [corrects, lines.length, ore]);
  expect(parts).toEqual([
    [undefined, 2, 8850],
    ['2026-10', 1, -9900],
    ['2026-09', 2, 1700],
  ]);
});

it('a statement without lines has no parts', () => {
  expect(partsOf([])).toEqual([]);
});

it('each rule has one sum, to the öre', () => {
  const many = Array.from({ length: 3000 }, () => line('user-month', '0.10'));
  expect(sumsOf([line('start-fee', '99.00'), ...many])).toEqual([
    { rule: 'start-fee', quantity: 1, ore: 9900 },
    { rule: 'user-month', quantity: 3000, ore: 30_000 },
  ]);
});
