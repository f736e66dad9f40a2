// A problem response of the API (RFC 9457), as an error.

import type { components } from './schema';

export type Recording = components['schemas']['Recording'];
type Body = components['schemas']['Problem'];

const PREFIX = 'urn:kontinuerlig-inspelning:problem:';

export class Problem extends Error {
  /** The stable problem type; `gateway` if the response is not the service's own. */
  readonly kind: string;
  readonly status: number;
  readonly requestId: string | undefined;
  /** The current recording, if someone edited it meanwhile. */
  readonly current: Recording | undefined;

  constructor(status: number, body: Partial<Body> | undefined) {
    super(body?.detail ?? `the service answered ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.kind = body?.type?.startsWith(PREFIX) ? body.type.slice(PREFIX.length) : 'gateway';
    this.requestId = body?.requestId;
    this.current = body?.current ?? undefined;
  }

  /** Whether the gateway refused the token. Its refusals have no problem type of ours. */
  get signedOut(): boolean {
    return this.status === 401 || (this.status === 403 && this.kind === 'gateway');
  }

  /** Whether the same request may succeed in a moment. */
  get passes(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}
