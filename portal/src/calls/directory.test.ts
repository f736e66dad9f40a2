import { expect, test } from 'vitest';
import { whole } from './directory';

/** A list of seven rows, three on a page, that counts its requests. */
function list() {
  const rows = [1, 2, 3, 4, 5, 6, 7];
  const asked: (string | undefined)[] = [];
  const page = (cursor: string | undefined) => {
    asked.push(cursor);
    const from = Number(cursor ?? 0);
    const next = from + 3;
    return Promise.resolve({
      total: 7,
      rows: rows.slice(from, next),
      cursor: next < rows.length ? String(next) : null,
    });
  };
  return { page, asked };
}

test('every page is fetched, and the first page’s other members stay', async () => {
  const { page, asked } = list();
  expect(await whole('rows', page)).toEqual({ total: 7, rows: [1, 2, 3, 4, 5, 6, 7], cursor: null });
  expect(asked).toEqual([undefined, '3', '6']);
});

test('a list of one page takes one request', async () => {
  const asked: unknown[] = [];
  const page = (cursor: string | undefined) => {
    asked.push(cursor);
    return Promise.resolve({ rows: [1], cursor: null });
  };
  expect((await whole('rows', page)).rows).toEqual([1]);
  expect(asked.length).toBe(1);
});
