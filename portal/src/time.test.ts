import { describe, expect, it } from 'vitest';
import { clock, dateOf, dayInWords, dayOf, isDay, length, mondayOf, monthInWords, shifted, startOf } from './time';

describe('a day is Stockholm’s', () => {
  it('begins an hour or two before UTC’s', () => {
    expect(startOf('2026-11-24').toISOString()).toBe('2026-11-23T23:00:00.000Z');
    expect(startOf('2026-07-01').toISOString()).toBe('2026-06-30T22:00:00.000Z');
  });

  it('has 23 hours when summer time begins and 25 when it ends', () => {
    const hours = (day: string) => (startOf(shifted(day, 1)).getTime() - startOf(day).getTime()) / 3_600_000;
    expect(hours('2026-03-29')).toBe(23);
    expect(hours('2026-10-25')).toBe(25);
    expect(hours('2026-10-26')).toBe(24);
  });

  it('contains its instants', () => {
    expect(dayOf(new Date('2026-11-24T22:59:59Z'))).toBe('2026-11-24');
    expect(dayOf(new Date('2026-11-24T23:00:00Z'))).toBe('2026-11-25');
  });

  it('is found from every hour of two years', () => {
    for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2028, 0, 1); at += 3_600_000) {
      const day = dayOf(new Date(at));
      expect(startOf(day).getTime()).toBeLessThanOrEqual(at);
      expect(startOf(shifted(day, 1)).getTime()).toBeGreaterThan(at);
    }
  }, 60_000); // 17 520 hours, on a machine that does other things too
});

it('weeks begin on Mondays', () => {
  expect(mondayOf('2026-11-24')).toBe('2026-11-23');
  expect(mondayOf('2026-11-23')).toBe('2026-11-23');
  expect(mondayOf('2026-11-29')).toBe('2026-11-23');
  expect(mondayOf('2027-01-01')).toBe('2026-12-28');
});

it('accepts only calendar days', () => {
  expect(['2026-02-28', '2028-02-29'].every(isDay)).toBe(true);
  expect(['2026-02-29', '2026-13-01', '2026-1-1', 'x', ''].some(isDay)).toBe(false);
});

it('puts times in words', () => {
  const now = new Date('2026-11-25T04:00:00Z');
  const inWords = (at: string) => dayInWords(new Date(at), now, 'sv', 'i dag', 'i går');
  expect(inWords('2026-11-24T23:00:00Z')).toBe('i dag');
  expect(inWords('2026-11-24T22:59:00Z')).toBe('i går');
  expect(inWords('2026-11-20T12:00:00Z')).toBe('fre 20 nov.');
  expect(inWords('2026-10-01T12:00:00Z')).toBe('1 okt.');
  expect(inWords('2025-10-01T12:00:00Z')).toBe('1 okt. 2025');
  expect(clock(new Date('2026-07-01T12:05:00Z'), 'sv')).toBe('14:05');
});

it('lengths are read at a glance', () => {
  expect([0, 48_000, 192_400, 3_725_000].map(length)).toEqual(['0:00', '0:48', '3:12', '1:02:05']);
});

it('days and months are named as the language does', () => {
  expect([dateOf('2026-03-29', 'sv'), dateOf('2026-03-29', 'en')]).toEqual(['29 mars 2026', '29 March 2026']);
  expect([monthInWords('2026-01', 'sv'), monthInWords('2026-10', 'en')]).toEqual(['januari 2026', 'October 2026']);
});
