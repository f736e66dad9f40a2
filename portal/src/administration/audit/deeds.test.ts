import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sv as ofAdministration } from '../../words/administration/sv';
import { sv } from '../../words/sv';

it('everything that the service writes down has words of its own', () => {
  const source = readFileSync(new URL('../../../../shared/platform/src/table/audit.rs', import.meta.url), 'utf8');
  const listed = source.slice(source.indexOf('\ndeeds! {'), source.indexOf('/// Which events to read'));
  const deeds = [...listed.matchAll(/^ {4}\w+ "([^"]+)"$/gm)].map(([, deed = '']) => deed);
  expect(deeds.length).toBeGreaterThan(50);
  expect(Object.keys({ ...sv.deed, ...ofAdministration.deed }).sort()).toEqual(deeds.sort());
});
