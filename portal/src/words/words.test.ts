import { expect, it } from 'vitest';
import { en as ofAdministration } from './administration/en';
import { sv as avAdministration } from './administration/sv';
import { en as ofCall } from './call/en';
import { sv as avSamtalet } from './call/sv';
import { en } from './en';
import { listed, sv } from './sv';

const shape = (words: object): unknown =>
  Object.fromEntries(
    Object.entries(words).map(([name, text]) => [name, typeof text === 'object' ? shape(text) : typeof text]),
  );

it('both languages have the same texts', () => {
  expect(shape(en)).toEqual(shape(sv));
  expect(shape(ofAdministration)).toEqual(shape(avAdministration));
  expect(shape(ofCall)).toEqual(shape(avSamtalet));
});

it('no text is empty or in the other language', () => {
  const texts = (words: object): string[] =>
    Object.values(words).flatMap((text) =>
      typeof text === 'object' ? texts(text) : typeof text === 'string' ? [text] : [],
    );
  const both = { sv: { sv, avAdministration, avSamtalet }, en: { en, ofAdministration, ofCall } };
  expect([...texts(both.sv), ...texts(both.en)].filter((text) => !text.trim())).toEqual([]);
  expect(texts(both.en).filter((text) => /[åäöÅÄÖ]/.test(text) && !text.includes('iCentrex'))).toEqual([]);
});

it('joins a list in words', () => {
  expect(listed(['lyssna'], 'och')).toBe('lyssna');
  expect(listed(['lyssna', 'ladda ner', 'märka'], 'och')).toBe('lyssna, ladda ner och märka');
});
