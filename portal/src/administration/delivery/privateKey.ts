/** Whether the text is a private key in the format of OpenSSH, OpenSSL or PuTTY. */
export function isPrivate(text: string): boolean {
  return text.includes('PRIVATE KEY') || text.trimStart().startsWith('PuTTY-User-Key-File');
}
