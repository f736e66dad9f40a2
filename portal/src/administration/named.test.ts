import { expect, it } from 'vitest';
import { named } from './named';

it('an id is made of the name, in the letters that ids have', () => {
  expect(named('Säljare Göteborg', [])).toBe('saljare-goteborg');
  expect(named('  Ärenden / natt! ', [])).toBe('arenden-natt');
  expect(named('日本', [])).toBe('x');
});

it('an id is nobody else’s, and fits', () => {
  expect(named('Växel', ['vaxel', 'vaxel-2'])).toBe('vaxel-3');
  expect(named('a'.repeat(200), []).length).toBeLessThanOrEqual(28);
});
