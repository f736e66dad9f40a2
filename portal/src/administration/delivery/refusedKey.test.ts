import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sv } from '../../words/administration/sv';
import { isPrivate, refusedFor } from './refusedKey';

/** The texts in the service's source. */
function sourceTexts(): string[] {
  const source = readFileSync(new URL('../../../../functions/delivery-api/src/public_key.rs', import.meta.url), 'utf8');
  const reasons = source.slice(source.indexOf('pub enum Refused {'));
  return [...reasons.matchAll(/#\[error\(\s*"([^"]+)"\s*\)\]/g)].map(([, text = '']) => text);
}

it('every refusal of the service has a text', () => {
  const reasons = sourceTexts().map(refusedFor);
  expect(new Set(reasons)).toEqual(new Set(Object.keys(sv.refusedKey)));
  expect(reasons).toHaveLength(Object.keys(sv.refusedKey).length);
});

it('an unknown refusal shows the service’s text', () => {
  expect(refusedFor('the key is on a list of stolen keys')).toBeUndefined();
});

it('a private key is recognised before it is sent', () => {
  expect(isPrivate('-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn')).toBe(true);
  expect(isPrivate('  PuTTY-User-Key-File-3: ssh-ed25519')).toBe(true);
  expect(isPrivate('ssh-ed25519 AAAAC3Nza private@home')).toBe(false);
});
