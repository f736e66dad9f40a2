// Recognises why a key was refused by its English text: all refusals share a problem type.

import type { AdministrationWords } from '../../words/administration/words';

type Reason = keyof AdministrationWords['refusedKey'];

const REASONS: [string, Reason][] = [
  ['private key', 'private'],
  ['send one line', 'lines'],
  ['certificate', 'certificate'],
  ['without options', 'options'],
  ['DSA is not safe', 'dsa'],
  ['not long enough', 'short'],
  ['security tokens', 'token'],
  ['none of them', 'kind'],
  ['cannot be read', 'unreadable'],
  ['too long for the server', 'long'],
  ['a comment holds', 'comment'],
];

export function refusedFor(detail: string): Reason | undefined {
  return REASONS.find(([words]) => detail.includes(words))?.[1];
}

/** Whether the text is a private key in the format of OpenSSH, OpenSSL or PuTTY. */
export function isPrivate(text: string): boolean {
  return text.includes('PRIVATE KEY') || text.trimStart().startsWith('PuTTY-User-Key-File');
}
