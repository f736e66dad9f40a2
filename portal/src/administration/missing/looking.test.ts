import { expect, it } from 'vitest';
import document from '../../../../tests/openapi.json';
import { en } from '../../words/administration/en';
import { sv } from '../../words/administration/sv';
import { differing, overdue } from './looking';

it('a missed night is reported after the morning', () => {
  const reconciled = '2026-10-24T00:30:00Z';
  expect(overdue(reconciled, new Date('2026-10-25T01:31:00Z'))).toBe(false);
  expect(overdue(reconciled, new Date('2026-10-25T06:31:00Z'))).toBe(true);
});

it('only a well-formed difference is read as a count', () => {
  const detail = { counted: { recordings: 2, bytes: 20 }, stored: { recordings: 1, bytes: 10 } };
  expect(differing(detail)).toEqual(detail);
  expect([null, undefined, 'two', { counted: 2, stored: 1 }, { counted: detail.counted }].map(differing)).toEqual(
    Array.from({ length: 5 }),
  );
});

it('each kind of finding has a text', () => {
  const kinds = document.components.schemas.DiscrepancyKind.enum;
  expect(kinds).toHaveLength(13);
  expect(Object.keys(sv.found)).toEqual(kinds);
  expect(Object.keys(en.found)).toEqual(kinds);
});
