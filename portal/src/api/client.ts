// The generated API client. It sends the caller's token, and throws a Problem for a refusal.

import createClient, { type Client } from 'openapi-fetch';
import { Problem } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Api = Client<paths, 'application/json'>;
export type SearchQuery = NonNullable<paths['/v1/recordings']['get']['parameters']['query']>;
export type AuditQuery = NonNullable<paths['/v1/audit']['get']['parameters']['query']>;

export function connect(address: string, token: () => Promise<string | undefined>): Api {
  const api = createClient<paths, 'application/json'>({ baseUrl: address });
  api.use({
    async onRequest({ request }) {
      const bearer = await token();
      if (bearer) request.headers.set('authorization', `Bearer ${bearer}`);
      return request;
    },
  });
  return api;
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The response body. Throws a Problem for a refusal, and fetch's error if there is no response. */
export async function answered<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw new Problem(response.status, error);
  return data as T; // undefined only where T is, after a 204
}
