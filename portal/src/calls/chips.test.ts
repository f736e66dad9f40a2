import { expect, it } from 'vitest';
import { sv } from '../words/sv';
import { chips } from './chips';
import { type Filters, readFilters } from './filters';

const NOW = new Date('2026-11-25T04:00:00Z');
const textsOf = (filters: Filters) =>
  chips(filters, { user: () => 'Anna Berg', mark: () => 'Röd' }, sv, 'sv', NOW).map(({ text }) => text);

it('put each filter in words', () => {
  expect(textsOf({ period: 'week' })).toEqual(['Den här veckan']);
  expect(textsOf({ from: '2026-11-24', to: '2026-11-24' })).toEqual(['i går']);
  expect(textsOf({ from: '2026-11-24T13:00' })).toEqual(['från i går 13:00']);
  expect(textsOf({ min: 600, max: 45 })).toEqual(['≥ 10 min', '≤ 45 s']);
  expect(textsOf({ user: 'anna', mark: 'red', note: 'faktura', counterpart: 'withheld' })).toEqual([
    'Anna Berg',
    'dolt nummer',
    'Röd',
    '”faktura”',
  ]);
});

it('include every filter', () => {
  const one = {
    period: 'today',
    from: '2026-11-01',
    to: '2026-11-01',
    min: '1',
    max: '1',
    user: 'x',
    name: 'x',
    counterpart: 'x',
    number: 'x',
    conversation: 'x',
    participant: 'x',
    direction: 'in',
    mark: 'x',
    note: 'x',
    fields: 'x',
    field1: 'x',
    field2: 'x',
    field3: 'x',
    held: 'yes',
    state: 'stored',
    order: 'oldest',
  };
  for (const [name, value] of Object.entries(one)) {
    const shown = chips(readFilters({ [name]: value }), { user: String, mark: String }, sv, 'sv', NOW);
    expect(shown, name).toHaveLength(1);
    expect(shown[0]?.names).toContain(name);
  }
});
