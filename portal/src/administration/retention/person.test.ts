import { expect, it } from 'vitest';
import { aboutOf, e164 } from './person';

it('a number is read however it is written', () => {
  for (const written of ['070-123 45 67', '0701234567', '+46 70 123 45 67', '0046701234567', '(070) 123.45.67'])
    expect(e164(written), written).toBe('+46701234567');
  expect(e164('+45 31 39 00 12')).toBe('+4531390012');
});

it('a part of a number, or none, is not one', () => {
  for (const written of ['', '070-123', '70 123 45 67', '+0701234567', 'Anna', '+46 70 123 45 67 89 01 23'])
    expect(e164(written), written).toBeUndefined();
});

it('the service stores a user or two digits', () => {
  expect(aboutOf('user anna')).toEqual({ user: 'anna' });
  expect(aboutOf('…67')).toEqual({ digits: '67' });
});
