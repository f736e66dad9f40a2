// Requests to the local cloud's AWS services, signed by aws4fetch. It is one file without
// dependencies; AWS's own clients of three services would add a hundred packages.

import { AwsClient } from 'aws4fetch';
import { cloud } from './cloud';

type Asked = {
  service: 'dynamodb' | 'lambda' | 's3';
  method: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
};

const client = new AwsClient({
  accessKeyId: cloud.access_key,
  secretAccessKey: cloud.secret_key,
  region: cloud.region,
  retries: 0,
});

/** Puts an item into the table, replacing any with the same key. */
export async function put(item: Record<string, { S: string } | { N: string }>) {
  await write('PutItem', { Item: item });
}

/** Sets a number of an item of the table. */
export async function set(pk: string, sk: string, name: string, value: number) {
  await write('UpdateItem', {
    Key: { pk: { S: pk }, sk: { S: sk } },
    UpdateExpression: 'SET #name = :value',
    ExpressionAttributeNames: { '#name': name },
    ExpressionAttributeValues: { ':value': { N: String(value) } },
  });
}

async function write(target: string, request: object) {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${target}` };
  const body = JSON.stringify({ TableName: cloud.table, ...request });
  await ask({ service: 'dynamodb', method: 'POST', headers, body });
}

/** Invokes the function with the event, and returns its response. */
export async function invoke(name: string, event: object): Promise<unknown> {
  const path = `/2015-03-31/functions/${cloud.functions[name]}/invocations`;
  const answer = await ask({ service: 'lambda', method: 'POST', path, body: JSON.stringify(event) });
  const text = await answer.text();
  if (answer.headers.has('x-amz-function-error')) throw new Error(`${name} failed: ${text}`);
  return JSON.parse(text || 'null');
}

/** The path of a recording's audio. */
export const soundOf = (organisation: string, recording: string) =>
  `/${cloud.recordings_bucket}/recordings/${organisation}/${recording}`;

/** Deletes an object as an operator would: its version remains. */
export async function hide(object: string) {
  await ask({ service: 's3', method: 'DELETE', path: object });
}

/** Deletes the current version of an object for good. Resolves to whether there was one. */
export async function destroy(object: string): Promise<boolean> {
  const head = await send({ service: 's3', method: 'HEAD', path: object });
  if (head.status === 404) return false;
  await ask({ service: 's3', method: 'DELETE', path: `${object}?versionId=${head.headers.get('x-amz-version-id')}` });
  return true;
}

async function ask(asked: Asked): Promise<Response> {
  const answer = await send(asked);
  if (!answer.ok) throw new Error(`${asked.method} ${answer.url} answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

function send({ service, path = '/', ...request }: Asked): Promise<Response> {
  return client.fetch(new URL(path, cloud.endpoint).href, { ...request, aws: { service } });
}
