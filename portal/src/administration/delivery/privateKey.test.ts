import { expect, it } from 'vitest';
import { isPrivate } from './privateKey';

it('a private key is recognised before it is sent', () => {
  expect(isPrivate('-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn')).toBe(true);
  expect(isPrivate('  PuTTY-User-Key-File-3: ssh-ed25519')).toBe(true);
  expect(isPrivate('ssh-ed25519 AAAAC3Nza private@home')).toBe(false);
});
