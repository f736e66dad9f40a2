import { expect, it } from 'vitest';
import { forecastOf, levelOf, percentOf } from './filling';

it('the allowance is nearly full at 80 % and full at 100, as the service warns', () => {
  const levels = [0, 79, 80, 99, 100, 101].map((stored) => levelOf(stored, 100));
  expect(levels).toEqual(['below', 'below', 'nearly', 'nearly', 'full', 'full']);
  expect(levelOf(0, 0)).toBe('below');
  expect(levelOf(1, 0)).toBe('full');
});

it('a percentage never rounds up to a level', () => {
  expect(percentOf(799, 1000)).toBe(79);
  expect(percentOf(9999, 10_000)).toBe(99);
  expect(percentOf(2500, 1000)).toBe(250);
  expect(percentOf(-1, 1000)).toBe(0);
  expect(percentOf(1, 0)).toBeUndefined();
});

it('an allowance that lasts differs from an unknown forecast', () => {
  expect(forecastOf(0, 30)).toBe('full');
  expect(forecastOf(12, 2)).toEqual({ days: 12 });
  expect(forecastOf(null, 30)).toBe('never');
  expect(forecastOf(null, 1)).toBe('unknown');
});
