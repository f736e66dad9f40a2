/** The OpenSSH command that connects. The address may contain a port. */
export function command(address: string, user: string): string {
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  return port ? `sftp -P ${port} ${user}@${host}` : `sftp ${user}@${host}`;
}
