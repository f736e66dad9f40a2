import { expect, it } from 'vitest';
import { size, stateOf } from './folders';

const NOW = new Date('2026-11-25T06:00:00Z');

it('a folder is overdue once it should have been complete', () => {
  expect(stateOf({ state: 'building', dueAt: '2026-11-25T05:00:00Z' }, NOW)).toBe('overdue');
  expect(stateOf({ state: 'building', dueAt: '2026-11-25T07:00:00Z' }, NOW)).toBe('building');
  expect(stateOf({ state: 'complete', dueAt: '2026-11-25T05:00:00Z' }, NOW)).toBe('complete');
});

it('bytes are told in the unit that suits them', () => {
  expect([0, 812, 812_400, 1_440_000_000, 25_000_000].map((bytes) => size(bytes, 'sv-SE'))).toEqual([
    '0 B',
    '812 B',
    '812 kB',
    '1,4 GB',
    '25 MB',
  ]);
});
