import { expect, it } from 'vitest';
import { stateOf } from './folders';

const NOW = new Date('2026-11-25T06:00:00Z');

it('a folder is overdue once it should have been complete', () => {
  expect(stateOf({ state: 'building', dueAt: '2026-11-25T05:00:00Z' }, NOW)).toBe('overdue');
  expect(stateOf({ state: 'building', dueAt: '2026-11-25T07:00:00Z' }, NOW)).toBe('building');
  expect(stateOf({ state: 'complete', dueAt: '2026-11-25T05:00:00Z' }, NOW)).toBe('complete');
});
