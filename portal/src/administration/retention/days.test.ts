import { expect, it } from 'vitest';
import { daysOf } from './days';

it('180 to 3650 days are allowed with the add-on', () => {
  expect(
    ['180', ' 365 ', '3 650', '179', '3651', '', 'ett år', '1e3', '-200'].map((typed) => daysOf(typed, true)),
  ).toEqual([180, 365, 3650, ...Array(6).fill(undefined)]);
});

it('only 180 days are allowed without the add-on', () => {
  expect(daysOf('180', false)).toBe(180);
  expect(daysOf('181', false)).toBeUndefined();
});
