import { beforeAll, describe, expect, it } from 'vitest';
import { loadNumbers, written } from './phone';

it('a number is as it is stored until the formats are there', () => {
  expect(written('+46701234567', 'SE')).toBe('+46701234567');
});

describe('with the formats', () => {
  beforeAll(loadNumbers);

  it.each([
    ['+46701234567', '070-123 45 67'],
    ['+468123456', '08-12 34 56'],
    ['+4684650012', '08-465 00 12'],
    ['+46317654321', '031-765 43 21'],
    ['+4531390012', '+45 31 39 00 12'],
    ['+4740612345', '+47 40 61 23 45'],
    ['+441514960123', '+44 151 496 0123'],
    ['+12015550123', '+1 201 555 0123'],
    ['withheld', 'withheld'],
    ['4411', '4411'],
    ['sip:anna@bolaget.se', 'sip:anna@bolaget.se'],
  ])('%s is written %s', (number, expected) => {
    expect(written(number, 'SE')).toBe(expected);
  });

  it('a number of the home country is in national form', () => {
    expect(written('+4531390012', 'DK')).toBe('31 39 00 12');
    expect(written('+46701234567', 'DK')).toBe('+46 70 123 45 67');
  });
});
