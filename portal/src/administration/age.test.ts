import { expect, it } from 'vitest';
import { age } from './age';

it('an age is in the largest unit that fits twice', () => {
  const ages = [-5, 59, 119, 7199, 7200, 172_799, 172_800, 9_000_000].map((seconds) => age(seconds, 'sv-SE'));
  expect(ages.map((text) => text.replace(/\s/g, ' '))).toEqual([
    '0 minuter',
    '0 minuter',
    '1 minut',
    '119 minuter',
    '2 timmar',
    '47 timmar',
    '2 dygn',
    '104 dygn',
  ]);
  expect(age(200_000, 'en-GB')).toBe('2 days');
});
