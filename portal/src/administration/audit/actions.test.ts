import { expect, it } from 'vitest';
import document from '../../../../tests/openapi.json';
import { sv as ofAdministration } from '../../words/administration/sv';
import { sv } from '../../words/sv';

it('every audit action has a label', () => {
  const actions = document.components.schemas.AuditAction.enum;
  expect(actions.length).toBeGreaterThan(50);
  expect(Object.keys({ ...sv.action, ...ofAdministration.action }).sort()).toEqual([...actions].sort());
});
