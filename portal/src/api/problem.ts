// What the API answers when it cannot do what was asked (RFC 9457), as an error to throw and catch.

import type { components } from './schema';

export type Recording = components['schemas']['Recording'];
type Body = components['schemas']['Problem'];

const PREFIX = 'urn:kontinuerlig-inspelning:problem:';

export class Problem extends Error {
  /** Names the cause; stable. `gateway` where the answer is none of the service's own. */
  readonly kind: string;
  readonly status: number;
  readonly requestId: string | undefined;
  /** The recording as it stands, where it was edited meanwhile. */
  readonly current: Recording | undefined;

  constructor(status: number, body: Partial<Body> | undefined) {
    super(body?.detail ?? `the service answered ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.kind = body?.type?.startsWith(PREFIX) ? body.type.slice(PREFIX.length) : 'gateway';
    this.requestId = body?.requestId;
    this.current = body?.current ?? undefined;
  }

  /** Whether the sign-in is what was refused: the gateway's refusals name no cause of ours. */
  get signedOut(): boolean {
    return this.status === 401 || (this.status === 403 && this.kind === 'gateway');
  }

  /** Whether the same request may succeed in a moment. */
  get passes(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}
