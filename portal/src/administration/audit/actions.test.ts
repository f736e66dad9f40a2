import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sv as ofAdministration } from '../../words/administration/sv';
import { sv } from '../../words/sv';

it('every audit action has a label', () => {
  const source = readFileSync(new URL('../../../../shared/platform/src/table/audit.rs', import.meta.url), 'utf8');
  const start = source.indexOf('\nactions! {');
  const listed = source.slice(start, source.indexOf('\n}', start));
  const actions = [...listed.matchAll(/^ {4}\w+ "([^"]+)"$/gm)].map(([, action = '']) => action);
  expect(actions.length).toBeGreaterThan(50);
  expect(Object.keys({ ...sv.action, ...ofAdministration.action }).sort()).toEqual(actions.sort());
});
