import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { en } from '../../words/administration/en';
import { sv } from '../../words/administration/sv';
import { differing, overdue } from './looking';

it('a night that did not come is told once the morning is over', () => {
  const swept = '2026-10-24T00:30:00Z';
  expect(overdue(swept, new Date('2026-10-25T01:31:00Z'))).toBe(false);
  expect(overdue(swept, new Date('2026-10-25T06:31:00Z'))).toBe(true);
});

it('a count that differs is read, and nothing else is taken for one', () => {
  const detail = { counted: { recordings: 2, bytes: 20 }, stored: { recordings: 1, bytes: 10 } };
  expect(differing(detail)).toEqual(detail);
  expect([null, undefined, 'two', { counted: 2, stored: 1 }, { counted: detail.counted }].map(differing)).toEqual(
    Array.from({ length: 5 }),
  );
});

it('each kind that the sweep finds has words of its own', () => {
  const source = readFileSync(new URL('../../../../shared/domain/src/sweep.rs', import.meta.url), 'utf8');
  const listed = source.slice(source.indexOf('\nkinds! {'), source.indexOf('/// How long after'));
  const kinds = [...listed.matchAll(/^ {4}\w+ "([^"]+)"$/gm)].map(([, kind = '']) => kind);
  expect(kinds).toHaveLength(13);
  expect(Object.keys(sv.found)).toEqual(kinds);
  expect(Object.keys(en.found)).toEqual(kinds);
});
