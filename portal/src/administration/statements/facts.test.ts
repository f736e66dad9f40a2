import { expect, it } from 'vitest';
import { factsOf } from './facts';

const facts = 'two seats in the tribune';

it('a line is shown by its values, not by its text', () => {
  const [activatedAt, firstDay, lastDay] = ['2026-10-05T10:00:00Z', '2026-10-05', '2026-10-31'];
  expect(factsOf({ facts, activatedAt })).toEqual({ kind: 'activated', at: activatedAt });
  expect(factsOf({ facts, days: 27, firstDay, lastDay })).toEqual({
    kind: 'active',
    days: 27,
    first: firstDay,
    last: lastDay,
  });
  expect(factsOf({ facts, firstDay, lastDay: null })).toEqual({ kind: 'had', first: firstDay });
});

it('nothing stored and nobody billed are values too', () => {
  expect(factsOf({ facts, days: 0, meanBytes: -5, users: 0, allowanceBytes: 0 })).toEqual({
    kind: 'stored',
    days: 0,
    mean: -5,
    users: 0,
    allowance: 0,
  });
});

it('an unknown fact shows the service’s text', () => {
  expect(factsOf({ facts, activatedAt: null, days: 3 })).toEqual({ kind: 'told', text: facts });
});
