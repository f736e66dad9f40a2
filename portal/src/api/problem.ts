// A problem response of the API (RFC 9457), as an error.

import type { components } from './schema';

export type Recording = components['schemas']['Recording'];
/** Why the service refuses an SSH key. */
export type KeyRefusal =
  | 'private'
  | 'lines'
  | 'certificate'
  | 'options'
  | 'dsa'
  | 'short'
  | 'token'
  | 'kind'
  | 'unreadable'
  | 'long'
  | 'comment';
type Body = components['schemas']['Problem'] & { reason?: KeyRefusal | null };

export class Problem extends Error {
  /** The cause; `gateway` if the response is not the service's own. */
  readonly kind: Body['code'] | 'gateway';
  readonly status: number;
  readonly requestId: string | undefined;
  /** The current recording, if someone edited it meanwhile. */
  readonly current: Recording | undefined;
  /** Why a key was refused. */
  readonly reason: KeyRefusal | undefined;

  constructor(status: number, answer: unknown) {
    const body = isOwn(answer) ? answer : undefined;
    super(body?.detail ?? `the service answered ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.kind = body?.code ?? 'gateway';
    this.requestId = body?.requestId;
    this.current = body?.current ?? undefined;
    this.reason = body?.reason ?? undefined;
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

/** Whether the body is the service's own, and not the gateway's. */
function isOwn(answer: unknown): answer is Body {
  return typeof answer === 'object' && answer !== null && 'code' in answer;
}
