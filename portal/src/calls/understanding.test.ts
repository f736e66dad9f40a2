import { expect, it } from 'vitest';
import { en } from '../words/en';
import { sv } from '../words/sv';
import { type Names, understand } from './understanding';

const KNOWN: Names = {
  users: [
    { id: 'anna', name: 'Anna Berg', phone: '+46701740601' },
    { id: 'omar', name: 'Omar Ali' },
  ],
  marks: [
    { mark: 'red', label: 'Röd' },
    { mark: 'complaint', label: 'Reklamation' },
  ],
  now: new Date('2026-11-25T04:00:00Z'),
};

const first = (text: string, words = sv) => understand(text, KNOWN, words)[0];

it.each([
  ['i går', { period: 'yesterday', from: undefined, to: undefined }],
  ['idag', { period: 'today', from: undefined, to: undefined }],
  ['2026-11-03', { from: '2026-11-03', to: '2026-11-03', period: undefined }],
  ['3/11', { from: '2026-11-03', to: '2026-11-03', period: undefined }],
  ['24.12', { from: '2025-12-24', to: '2025-12-24', period: undefined }],
  ['>10 min', { min: 600 }],
  ['<30s', { max: 30 }],
  ['> 1 h', { min: 3600 }],
  ['>5', { min: 300 }],
  ['inkom', { direction: 'in' }],
  ['röd', { mark: 'red' }],
  ['rekl', { mark: 'complaint' }],
  ['utan mä', { mark: 'none' }],
  ['anna', { user: 'anna', name: undefined }],
  ['berg', { user: 'anna', name: undefined }],
  ['070-123 45', { number: '070-123 45', counterpart: undefined }],
  ['+4670', { number: '+4670', counterpart: undefined }],
  ['dolt', { counterpart: 'withheld', number: undefined }],
  ['avvis', { state: 'rejected' }],
  ['"anna"', { note: 'anna' }],
  ['faktura 4411', { note: 'faktura 4411' }],
])('%s', (typed, filters) => {
  expect(first(typed)?.filters).toEqual(filters);
});

it('speaks English, too', () => {
  expect(first('yest', en)?.filters.period).toBe('yesterday');
  expect(first('outg', en)?.filters).toEqual({ direction: 'out' });
});

it('always offers the words of a note, last', () => {
  for (const typed of ['i går', 'anna', '0701234567', '>10', 'röd', '<img src=x onerror=alert(1)>']) {
    expect(understand(typed, KNOWN, sv).at(-1)).toEqual({ kind: 'note', text: typed, filters: { note: typed } });
  }
});

it('offers nothing for nothing', () => {
  expect(understand('  ', KNOWN, sv)).toEqual([]);
});
