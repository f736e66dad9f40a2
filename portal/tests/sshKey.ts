import { createHash, generateKeyPairSync } from 'node:crypto';

/** An Ed25519 key's .pub line and `ssh-keygen -l` fingerprint (RFC 4253, 6.6; RFC 8709, 4). */
export function publicKey(comment: string): { line: string; fingerprint: string } {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const key = Buffer.concat([counted(Buffer.from('ssh-ed25519')), counted(Buffer.from(x, 'base64url'))]);
  const hash = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
  return { line: `ssh-ed25519 ${key.toString('base64')} ${comment}`, fingerprint: `SHA256:${hash}` };
}

function counted(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
