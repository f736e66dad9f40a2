import { expect, it } from 'vitest';
import { saysWhy } from './reason';

it.each(['tvist 4411', 'å', 'x.', '理由', '  ärende  '])('%j says why', (text) => {
  expect(saysWhy(text)).toBe(true);
});

it.each(['', '  ', '.', '4411', '\u200b', '\ufeff', '\u3164', '\u0301', '🦀'])('%j says nothing', (text) => {
  expect(saysWhy(text)).toBe(false);
});
