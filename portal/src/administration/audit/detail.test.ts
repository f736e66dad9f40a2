import { expect, it } from 'vitest';
import { sv } from '../../words/administration/sv';
import { shownDetail } from './detail';

it('a search is shown by its filters, with hashes for personal data', () => {
  const hash = 'k3f9ab00000000000000000000';
  const detail = JSON.stringify({ user: 'anna', counterpart: { hash, ends: '67' }, note: { hash }, minSeconds: 5 });
  expect(shownDetail(detail, sv.audit.filters)).toBe(
    'user: anna, Nummer: …67 #k3f9ab, Ord ur noteringen: #k3f9ab, minSeconds: 5',
  );
});

it('anything else is shown as it is', () => {
  for (const detail of ['{"active":true}', '{"user":"anna"}', 'null', '[]', 'no JSON', '']) {
    expect(shownDetail(detail, sv.audit.filters)).toBe(detail);
  }
});
