import { expect, it } from 'vitest';
import { kronor } from './kronor';

const plain = (text: string) => text.replace(/\s/g, ' ').replace('−', '-');

it('an amount is formatted by the language, with öre', () => {
  expect(['1234.50', '0.00', '-4.25', '-0.00'].map((amount) => plain(kronor(amount, 'sv-SE')))).toEqual([
    '1 234,50 kr',
    '0,00 kr',
    '-4,25 kr',
    '0,00 kr',
  ]);
  expect(plain(kronor(99, 'en-GB'))).toBe('SEK 99.00');
});
