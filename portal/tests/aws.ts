// The local cloud as its operator reaches it, with AWS's own requests: signed, version 4 of the signature.

import { createHash, createHmac } from 'node:crypto';
import { cloud } from './cloud';

type Asked = { service: string; method: string; path?: string; headers?: Record<string, string>; body?: string };

/** Puts an item into the table, in place of one that is there. */
export async function put(item: Record<string, { S: string } | { N: string }>) {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.PutItem' };
  const body = JSON.stringify({ TableName: cloud.table, Item: item });
  await ask({ service: 'dynamodb', method: 'POST', headers, body });
}

/** Runs the function on the event, until it has answered. */
export async function invoke(name: string, event: object): Promise<unknown> {
  const path = `/2015-03-31/functions/${cloud.functions[name]}/invocations`;
  const answer = await ask({ service: 'lambda', method: 'POST', path, body: JSON.stringify(event) });
  const told = await answer.text();
  if (answer.headers.has('x-amz-function-error')) throw new Error(`${name} failed: ${told}`);
  return JSON.parse(told || 'null');
}

/** Where a recording's sound lies. */
export const soundOf = (organisation: string, recording: string) =>
  `/${cloud.recordings_bucket}/recordings/${organisation}/${recording}`;

/** Removes an object by hand: its version stays beneath. */
export async function hide(object: string) {
  await ask({ service: 's3', method: 'DELETE', path: object });
}

/** Removes the version of an object that lies there, for good; whether there was one. */
export async function destroy(object: string): Promise<boolean> {
  const lies = await sign({ service: 's3', method: 'HEAD', path: object });
  if (lies.status === 404) return false;
  await ask({ service: 's3', method: 'DELETE', path: `${object}?versionId=${lies.headers.get('x-amz-version-id')}` });
  return true;
}

async function ask(asked: Asked): Promise<Response> {
  const answer = await sign(asked);
  if (!answer.ok) throw new Error(`${asked.method} ${answer.url} answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

async function sign({ service, method, path = '/', headers = {}, body = '' }: Asked): Promise<Response> {
  const url = new URL(path, cloud.endpoint);
  const at = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [at.slice(0, 8), cloud.region, service, 'aws4_request'];
  const hash = createHash('sha256').update(body).digest('hex');
  const signed: Record<string, string> = { ...headers, host: url.host, 'x-amz-content-sha256': hash, 'x-amz-date': at };
  const names = Object.keys(signed).sort();
  const canonical = [
    method,
    url.pathname,
    url.searchParams.toString(),
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    hash,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', at, scope.join('/'), createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const hmac = (key: string | Buffer, part: string) => createHmac('sha256', key).update(part).digest();
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${cloud.secret_key}`);
  const credential = `Credential=${cloud.access_key}/${scope.join('/')}`;
  const signature = `Signature=${createHmac('sha256', key).update(text).digest('hex')}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, ${signature}`;
  const { host: _, ...sent } = signed;
  return fetch(url, { method, headers: { ...sent, authorization }, body: body || undefined });
}
