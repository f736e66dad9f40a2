import { expect, it } from 'vitest';
import { written } from './phone';

it.each([
  ['+46701234567', '070-123 45 67'],
  ['+468123456', '08-12 34 56'],
  ['+4684650012', '08-465 00 12'],
  ['+46812345678', '08-123 456 78'],
  ['+46317654321', '031-765 43 21'],
  ['+4654123456', '054-12 34 56'],
  ['+46651123456', '0651-12 34 56'],
  ['+4531390012', '+45 31 39 00 12'],
  ['withheld', 'withheld'],
])('%s is written %s', (number, expected) => {
  expect(written(number)).toBe(expected);
});

it('loses no digit of any number', () => {
  for (let length = 6; length <= 14; length++) {
    for (const start of ['+46', '+4670', '+468', '+45', '+1', '+358']) {
      const number = start + '1234567890123'.slice(0, length - 1);
      const digits = written(number).replace(/\D/g, '');
      expect(digits).toBe(start.startsWith('+46') ? `0${number.slice(3)}` : number.slice(1));
    }
  }
});
