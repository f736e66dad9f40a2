// Why the service did not take a key. It says so in English, by one cause for all; the reason is known by words of its text.

import type { AdministrationWords } from '../../words/administration/words';

type Reason = keyof AdministrationWords['refusedKey'];

const SAID: [string, Reason][] = [
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
  return SAID.find(([words]) => detail.includes(words))?.[1];
}

/** Whether this is the half that is kept to oneself, as OpenSSH, OpenSSL or PuTTY write it. */
export function isPrivate(text: string): boolean {
  return text.includes('PRIVATE KEY') || text.trimStart().startsWith('PuTTY-User-Key-File');
}
