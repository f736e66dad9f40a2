import { expect, it } from 'vitest';
import { criteriaOf } from './criteria';

const NOW = new Date('2026-11-24T12:00:00Z');

it('a hold takes the search’s filters without the order', () => {
  expect(criteriaOf({ user: 'anna', mark: 'red', order: 'oldest' }, NOW)).toEqual({ user: 'anna', mark: 'red' });
  expect(criteriaOf({ period: 'today', min: 60 }, NOW)).toEqual({
    from: '2026-11-23T23:00:00.000Z',
    to: '2026-11-24T23:00:00.000Z',
    minSeconds: 60,
  });
});

it('a search without filters is all calls', () => {
  expect(criteriaOf({ order: 'oldest' }, NOW)).toEqual({});
});
