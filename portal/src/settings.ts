// The endpoints, in a file that deployment writes beside the built files: one build serves all.

import type { OidcMetadata } from 'oidc-client-ts';

export type Settings = {
  api: string;
  issuer: string;
  client: string;
  /** The issuer's endpoints; without them the portal asks the issuer. */
  signIn?: Partial<OidcMetadata>;
};

export async function readSettings(): Promise<Settings> {
  const answer = await fetch('/settings.json');
  if (!answer.ok) throw new Error(`settings.json answered ${answer.status}`);
  return answer.json();
}
