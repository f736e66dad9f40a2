import { expect, it } from 'vitest';
import { size } from './size';

it('bytes are shown in the fitting unit', () => {
  expect([0, 812, 812_400, 1_440_000_000, 25_000_000].map((bytes) => size(bytes, 'sv-SE'))).toEqual([
    '0 B',
    '812 B',
    '812 kB',
    '1,4 GB',
    '25 MB',
  ]);
  expect(size(-2_500_000, 'en-GB')).toBe('-2.5 MB');
});
