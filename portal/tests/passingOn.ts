// A proxy on loopback that passes everything on, and says of each sound that it was stored a week ago. A browser takes what has not changed
// for long from its cache without asking; what the tests have just stored it asks for anew, and would hide what its cache holds.

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cloud } from './cloud';

const WEEK = 7 * 24 * 3_600_000;

export async function passingOn(): Promise<{ server: string; close(): void }> {
  const proxy = createServer((asked, answer) => {
    const { url = '', method, headers } = asked;
    const onward = request(url, { method, headers }, (came) => {
      const stored = url.includes(cloud.recordings_bucket) && came.headers['last-modified'];
      const told = stored ? { 'last-modified': new Date(Date.now() - WEEK).toUTCString() } : {};
      answer.writeHead(came.statusCode ?? 502, { ...came.headers, ...told });
      came.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return { server: `http://127.0.0.1:${port}`, close: () => proxy.close() };
}
