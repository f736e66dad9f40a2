// The local cloud: endpoints, users and the app's requests. `CLOUD` names its settings file.

import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import createClient from 'openapi-fetch';
import type { paths } from '../src/api/schema';

type Cloud = {
  endpoint: string;
  api: string;
  portal: string;
  client_id: string;
  users: Record<string, { email: string; password: string }>;
  region: string;
  access_key: string;
  secret_key: string;
  table: string;
  recordings_bucket: string;
  functions: Record<string, string>;
  applications: { operator: { client_id: string; client_secret: string } };
};

if (!process.env.CLOUD) throw new Error('there is no local cloud: run the tests with `make portal-test`');
export const cloud: Cloud = JSON.parse(readFileSync(process.env.CLOUD, 'utf8'));
if (!cloud.portal) throw new Error('the portal is not built: run `make portal`');

/** The time when the cloud started. Call times are relative to it, and so equal in every run. */
export const NOW = Math.floor(statSync(process.env.CLOUD).mtimeMs);

export type User = 'anna' | 'omar' | 'maja' | 'erik' | 'nils' | 'karin' | 'sara' | 'lars';

export const SPEECH = join(import.meta.dirname, '../../.local/audio');
type Speech = { name: string; content_type: string; bytes: number; sha256: string; duration: number };
const speech: Speech[] = JSON.parse(readFileSync(join(SPEECH, 'manifest.json'), 'utf8'));

export function speechOf(name: string): Speech {
  const found = speech.find((entry) => entry.name === name);
  if (!found) throw new Error(`there is no speech ${name}: run \`make audio\``);
  return found;
}

export function bytesOf(name: string): Buffer<ArrayBuffer> {
  return readFileSync(join(SPEECH, name));
}

/** The API client of a user. */
export async function as(user: User) {
  const { email, password } = cloud.users[user] ?? {};
  const answer = await fetch(cloud.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: cloud.client_id,
      AuthParameters: { USERNAME: email, PASSWORD: password },
    }),
  });
  const { AuthenticationResult } = await answer.json();
  return createClient<paths, 'application/json'>({
    baseUrl: cloud.api,
    headers: { authorization: `Bearer ${AuthenticationResult.IdToken}` },
  });
}

/** The API client of the operator's provisioning system. */
export async function asOperator() {
  const form = { grant_type: 'client_credentials', scope: 'inspelning/operator', ...cloud.applications.operator };
  const answer = await fetch(`${cloud.endpoint}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token } = await answer.json();
  return createClient<paths, 'application/json'>({
    baseUrl: cloud.api,
    headers: { authorization: `Bearer ${access_token}` },
  });
}

/** Lets the demo organisation retain recordings longer than 180 days. */
export async function withStorageAddOn() {
  const api = await asOperator();
  const params = { path: { organisation: 'demo' } };
  await done(api.PATCH('/v1/organisations/{organisation}', { params, body: { storageAddOn: true } }));
}

export async function done<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${JSON.stringify(error)}`);
  return data as T;
}

export type Edit = { note?: string; mark?: string; field1?: string; field2?: string; field3?: string };
export type Call = {
  id: string;
  user: User;
  speech: string;
  direction?: 'in' | 'out';
  counterpart?: string;
  /** Minutes before the cloud started. */
  ago: number;
  edit?: Edit;
};

/** Milliseconds that tell calls of the same second apart, or one would be the other's double. */
const apart = (id: string) => Array.from(id).reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1000, 7);

/** Registers the call as the app does. `put` uploads its audio unless it is stored. */
export async function register(
  { id, user, speech, direction = 'in', counterpart = '+46701234567', ago, edit }: Call,
  more: object = {},
) {
  const { content_type, bytes, sha256, duration } = speechOf(speech);
  const api = await as(user);
  const second = Math.floor((NOW - ago * 60_000) / 1000) * 1000;
  const startedAt = new Date(second + apart(id)).toISOString();
  const { recording, upload } = await done(
    api.POST('/v1/recordings', {
      body: {
        callId: id,
        direction,
        counterpart,
        startedAt,
        durationMs: Math.round(duration * 1000),
        contentType: content_type,
        contentLength: bytes,
        sha256,
        ...more,
      },
    }),
  );
  if (edit) await done(api.PUT('/v1/calls/{call}/annotation', { params: { path: { call: id } }, body: edit }));
  const put = async (audio = bytesOf(speech)) => {
    if (!upload) return;
    const status = await send(upload, audio);
    if (status !== 200) throw new Error(`the upload of ${id} answered ${status}`);
  };
  return { recording, put };
}

/**
 * Uploads the audio as the app does. Node's fetch adds `cache-control: no-cache`, which S3 stores
 * and returns: browsers would then bypass their cache, and the tests would miss defects in it.
 */
export function send(
  { url, method, headers }: { url: string; method: string; headers: Record<string, string> },
  audio: Buffer,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers: { ...headers, 'content-length': audio.length } }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', reject).end(audio);
  });
}

/** Polls until the service has stored or rejected the audio, and returns the state. */
export async function settled(user: User, recording: string): Promise<string> {
  const api = await as(user);
  for (let tries = 0; tries < 600; tries++) {
    const { state } = await done(api.GET('/v1/recordings/{id}', { params: { path: { id: recording } } }));
    if (state !== 'expected') return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${recording} is still expected after 30 s`);
}

/** A call with stored audio. Returns the id of its recording. */
export async function stored(call: Call): Promise<string> {
  const { recording, put } = await register(call);
  await put();
  const state = await settled(call.user, recording.id);
  if (state !== 'stored') throw new Error(`${call.id} is ${state}`);
  return recording.id;
}

/** A unique word of letters; of a number in a reason only two digits are stored. */
export function word(): string {
  return Array.from(String(Date.now()), (digit) => 'bdfghjklmn'[Number(digit)]).join('');
}
