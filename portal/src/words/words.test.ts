import { expect, it } from 'vitest';
import { en } from './en';
import { listed, sv } from './sv';

const shape = (words: object): unknown =>
  Object.fromEntries(
    Object.entries(words).map(([name, text]) => [name, typeof text === 'object' ? shape(text) : typeof text]),
  );

it('both languages say the same things', () => {
  expect(shape(en)).toEqual(shape(sv));
});

it('no text is left empty or in the other language by mistake', () => {
  const texts = (words: object): string[] =>
    Object.values(words).flatMap((text) =>
      typeof text === 'object' ? texts(text) : typeof text === 'string' ? [text] : [],
    );
  expect([...texts(sv), ...texts(en)].filter((text) => !text.trim())).toEqual([]);
  expect(texts(en).filter((text) => /[åäöÅÄÖ]/.test(text) && !text.includes('iCentrex'))).toEqual([]);
});

it('lists as people list', () => {
  expect(listed(['lyssna'], 'och')).toBe('lyssna');
  expect(listed(['lyssna', 'ladda ner', 'märka'], 'och')).toBe('lyssna, ladda ner och märka');
});
