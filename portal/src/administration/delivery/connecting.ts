/** What OpenSSH's client is told, to connect; the address may name a port. */
export function command(address: string, user: string): string {
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  return port ? `sftp -P ${port} ${user}@${host}` : `sftp ${user}@${host}`;
}
