// A local proxy that dates all audio a week back. A browser caches old content without asking
// again, but revalidates new content, which would hide what its cache holds.

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cloud } from './cloud';

const WEEK = 7 * 24 * 3_600_000;

export async function passingOn(): Promise<{ server: string; close(): void }> {
  const proxy = createServer((asked, answer) => {
    const { url = '', method, headers } = asked;
    const onward = request(url, { method, headers }, (came) => {
      const stored = url.includes(cloud.recordings_bucket) && came.headers['last-modified'];
      const dated = stored ? { 'last-modified': new Date(Date.now() - WEEK).toUTCString() } : {};
      answer.writeHead(came.statusCode ?? 502, { ...came.headers, ...dated });
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
