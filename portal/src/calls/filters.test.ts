import { describe, expect, it } from 'vitest';
import { type Filters, isImpersonal, PERIODS, query, readFilters, spanOf } from './filters';

const NOW = new Date('2026-11-25T04:00:00Z'); // a Wednesday

describe('an address', () => {
  it('contains every filter, and is read back unchanged', () => {
    const all: Filters = {
      period: 'week',
      from: '2026-11-01',
      to: '2026-11-02T13:30',
      min: 60,
      max: 600,
      user: 'anna',
      name: 'berg',
      counterpart: '+46701234567',
      number: '070-123',
      direction: 'in',
      mark: 'red',
      note: 'faktura',
      fields: 'x',
      field1: 'a',
      field2: 'b',
      field3: 'c',
      held: 'yes',
      state: 'stored',
      order: 'oldest',
    };
    const written = new URLSearchParams(all as unknown as Record<string, string>);
    expect(readFilters(Object.fromEntries(written))).toEqual(all);
  });

  it('that is mistyped drops unknown filters', () => {
    const mistyped = {
      period: 'someday',
      from: '2026-02-30',
      to: 'x',
      min: '-3',
      max: '1e9',
      direction: 'up',
      held: '1',
      note: '  ',
      q: 'y',
    };
    expect(readFilters(mistyped)).toEqual({});
  });
});

describe('a query', () => {
  it('of a day covers that whole day in Stockholm', () => {
    expect(query({ from: '2026-11-24', to: '2026-11-24' }, NOW)).toEqual({
      from: '2026-11-23T23:00:00.000Z',
      to: '2026-11-24T23:00:00.000Z',
    });
  });

  it('to a minute includes that minute', () => {
    expect(query({ to: '2026-11-24T13:59' }, NOW)).toEqual({ to: '2026-11-24T13:00:00.000Z' });
  });

  it('uses the API’s parameters', () => {
    const asked = { min: 60, max: 90, held: 'no', number: '070 1', mark: 'none', order: 'oldest' } as const;
    expect(query(asked, NOW)).toEqual({
      minSeconds: 60,
      maxSeconds: 90,
      held: false,
      number: '070 1',
      mark: 'none',
      order: 'oldest',
    });
  });

  it('of a period ignores a remaining day', () => {
    expect(query({ period: 'yesterday', from: '2020-01-01' }, NOW).from).toBe('2026-11-23T23:00:00.000Z');
  });
});

it('periods are whole past days', () => {
  expect(PERIODS.map((period) => Object.values(spanOf(period, '2026-11-25')))).toEqual([
    ['2026-11-25', '2026-11-25'],
    ['2026-11-24', '2026-11-24'],
    ['2026-11-23', '2026-11-25'],
    ['2026-11-16', '2026-11-22'],
    ['2026-11-01', '2026-11-25'],
    ['2026-10-01', '2026-10-31'],
  ]);
});

it('a search with a person, number or word is not stored on the computer', () => {
  expect(isImpersonal({ period: 'today', mark: 'red', min: 60, direction: 'in', state: 'stored', held: 'yes' })).toBe(
    true,
  );
  for (const name of ['user', 'name', 'counterpart', 'number', 'note', 'fields', 'field1', 'field2', 'field3']) {
    expect(isImpersonal({ [name]: 'x' }), name).toBe(false);
  }
});
