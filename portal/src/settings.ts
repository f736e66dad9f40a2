// Where the API and the sign-in are. Written beside the built files when they are deployed, so one build serves every stage.

import type { OidcMetadata } from 'oidc-client-ts';

export type Settings = {
  api: string;
  issuer: string;
  client: string;
  /** The issuer's endpoints; left out, they are asked of the issuer. */
  signIn?: Partial<OidcMetadata>;
};

export async function readSettings(): Promise<Settings> {
  const answer = await fetch('/settings.json');
  if (!answer.ok) throw new Error(`settings.json answered ${answer.status}`);
  return answer.json();
}
