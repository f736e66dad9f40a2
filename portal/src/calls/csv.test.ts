import { expect, it } from 'vitest';
import { csv } from './csv';

it('quotes what has to be quoted', () => {
  expect(csv([['a', 'b,c', 'say "hi"', 'two\nlines']])).toBe('a,"b,c","say ""hi""","two\nlines"\r\n');
});

it.each([
  ['=1+1', "'=1+1"],
  ['@x', "'@x"],
  ['-2', "'-2"],
  ['+46701234567', '+46701234567'],
  ['+1+1', "'+1+1"],
  ['a=1', 'a=1'],
])('%s becomes %s, as in the service’s own files', (cell, expected) => {
  expect(csv([[cell]])).toBe(`${expected}\r\n`);
});
