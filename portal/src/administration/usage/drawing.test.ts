import { expect, it } from 'vitest';
import { areaOf, lineOf, pointsOf, roundUp } from './drawing';

it('the scale ends at a round number above every value', () => {
  expect([0, 1, 3, 20, 21, 180_000_000, 999].map(roundUp)).toEqual([1, 1, 5, 20, 50, 200_000_000, 1000]);
});

it('a day is at its distance from the first, across clock changes and missing days', () => {
  const days = [
    { day: '2026-10-24', value: 0 },
    { day: '2026-10-25', value: 50 },
    { day: '2026-10-28', value: 100 },
  ];
  expect(pointsOf(days, 100)).toEqual([
    { x: 0, y: 1 },
    { x: 0.25, y: 0.5 },
    { x: 1, y: 0 },
  ]);
});

it('a single day is in the middle, and no day draws nothing', () => {
  expect(pointsOf([{ day: '2026-10-24', value: 1 }], 2)).toEqual([{ x: 0.5, y: 0.5 }]);
  expect([lineOf([], 10, 10), areaOf([], 10, 10)]).toEqual(['', '']);
});

it('the area is the line, closed along the foot', () => {
  const points = [
    { x: 0, y: 0.5 },
    { x: 1, y: 0.25 },
  ];
  expect(lineOf(points, 100, 40)).toBe('M0 20L100 10');
  expect(areaOf(points, 100, 40)).toBe('M0 20L100 10L100 40L0 40Z');
});
