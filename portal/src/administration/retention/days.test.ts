import { expect, it } from 'vitest';
import { daysOf } from './days';

it('with the add-on, 180 to 3650 days are chosen', () => {
  expect(
    ['180', ' 365 ', '3 650', '179', '3651', '', 'ett år', '1e3', '-200'].map((typed) => daysOf(typed, true)),
  ).toEqual([180, 365, 3650, ...Array(6).fill(undefined)]);
});

it('without it, only 180 are', () => {
  expect(daysOf('180', false)).toBe(180);
  expect(daysOf('181', false)).toBeUndefined();
});
