import { expect, it } from 'vitest';
import { named } from './named';

it('an id is made from the name, in the letters that ids allow', () => {
  expect(named('Säljare Göteborg', [])).toBe('saljare-goteborg');
  expect(named('  Ärenden / natt! ', [])).toBe('arenden-natt');
  expect(named('日本', [])).toBe('x');
});

it('an id is unique, and fits', () => {
  expect(named('Växel', ['vaxel', 'vaxel-2'])).toBe('vaxel-3');
  expect(named('a'.repeat(200), []).length).toBeLessThanOrEqual(28);
});
