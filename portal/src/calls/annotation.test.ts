import { expect, it } from 'vitest';
import { joined } from './annotation';

it('equal texts are joined to one', () => {
  expect(joined('deras', 'mitt')).toBe('deras\nmitt');
  expect(joined('', 'mitt')).toBe('mitt');
  expect(joined('deras', '')).toBe('deras');
  expect(joined('samma', 'samma')).toBe('samma');
});
