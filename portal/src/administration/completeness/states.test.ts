import { expect, it } from 'vitest';
import { type Counts, first, isState, missingShare, present } from './states';

const none: Counts = {
  calls: 0,
  reported: 0,
  stored: 0,
  damaged: 0,
  expected: 0,
  rejected: 0,
  refused: 0,
  notRecorded: 0,
  erased: 0,
  missing: 0,
  explained: 0,
  overlapping: 0,
};

it('what needs a person comes first, and empty states are left out', () => {
  const counts = { ...none, calls: 9, stored: 6, expected: 2, notRecorded: 1 };
  expect(present(counts).map(({ state }) => state)).toEqual(['expected', 'not-recorded', 'stored']);
  expect(first(counts)).toBe('expected');
  expect(first(none)).toBe('stored');
});

it('the missing share is of the calls that were to be recorded', () => {
  expect(missingShare({ ...none, calls: 110, stored: 99, missing: 1, refused: 4, notRecorded: 6 })).toBe(0.01);
  expect(missingShare({ ...none, calls: 5, notRecorded: 5 })).toBe(0);
});

it('a state in a link is one of the known', () => {
  expect(isState('not-recorded')).toBe(true);
  expect(isState('notRecorded')).toBe(false);
  expect(isState(undefined)).toBe(false);
});
