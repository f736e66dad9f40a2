// The session: authorization code with PKCE. Tokens are in the tab's storage, gone with the tab.

import { type User, UserManager, WebStorageStateStore } from 'oidc-client-ts';
import { keepOnlyTheLook } from '../preferences';
import type { Settings } from '../settings';

export type SessionState = 'signed-out' | 'signed-in' | 'ran-out';

export type Session = {
  state(): SessionState;
  subscribe(listener: () => void): () => void;
  /** The token for requests; undefined if the session has ended. */
  token(): Promise<string | undefined>;
  /** Opens the issuer's page, which returns to `address` of the portal. */
  signIn(address: string): Promise<void>;
  signOut(): Promise<void>;
  /** The API refused the token. */
  refused(): void;
};

/** Opens the session, or completes a sign-in. `go` shows the address that the user left. */
export async function openSession(settings: Settings, go: (address: string) => void): Promise<Session> {
  const manager = new UserManager(configuration(settings));
  const listeners = new Set<() => void>();
  let state: SessionState = 'signed-out';
  const become = (next: SessionState) => {
    state = next;
    for (const listener of listeners) listener();
  };

  const current = renewing(manager);
  const user = (await returned(manager, go)) ?? (await manager.getUser());
  // A page that the browser restores on Back may belong to a user who has signed out since.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  if (user) state = user.expired && !user.refresh_token ? 'ran-out' : 'signed-in';
  manager.events.addSilentRenewError(() => void manager.getUser().then((user) => user?.expired && become('ran-out')));

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    token: async () => {
      const renewed = await current();
      if (!renewed && state === 'signed-in') become('ran-out');
      return renewed?.id_token;
    },
    signIn: (address) => manager.signinRedirect({ url_state: undefined, state: { address } }),
    signOut: () => leave(manager, settings, () => become('signed-out')),
    refused: () => become('ran-out'),
  };
}

function configuration({ issuer, client, signIn }: Settings) {
  const own = new WebStorageStateStore({ prefix: 'session.', store: sessionStorage });
  return {
    authority: issuer,
    client_id: client,
    redirect_uri: `${location.origin}/`,
    scope: 'openid', // with any other, Cognito limits the ID token's claims
    metadata: signIn && { issuer, ...signIn },
    userStore: own,
    stateStore: own,
    automaticSilentRenew: true,
    loadUserInfo: false,
  };
}

/** The user who returned from the issuer's page, if this is the return. */
async function returned(manager: UserManager, go: (address: string) => void): Promise<User | undefined> {
  const query = new URLSearchParams(location.search);
  if (!query.has('state') || !(query.has('code') || query.has('error'))) return undefined;
  try {
    const before = await manager.getUser();
    const user = await manager.signinRedirectCallback();
    // A new user of the tab gets neither the saved searches nor the address of the old.
    const isAnother = before && before.profile.sub !== user.profile.sub;
    if (isAnother) forgetOwn();
    const { address = '/' } = (user.state as { address?: string } | undefined) ?? {};
    go(isAnother ? '/' : address);
    return user;
  } catch {
    // The code was already used, or belongs to another tab. The user can sign in again.
    go('/');
    return undefined;
  }
}

/** Gets the user with a valid token. Concurrent callers share one renewal. */
function renewing(manager: UserManager): () => Promise<User | null> {
  let renewal: Promise<User | null> | undefined;
  const renew = () =>
    manager
      .signinSilent()
      .catch(() => null)
      .finally(() => {
        renewal = undefined;
      });
  return async () => {
    const user = await manager.getUser();
    if (!user?.expired) return user;
    renewal ??= renew();
    return renewal;
  };
}

/** Removes the tab's saved searches, drafts and sign-in attempts, except the current sign-in. */
function forgetOwn() {
  for (const name of Object.keys(sessionStorage))
    if (!name.startsWith('session.user:')) sessionStorage.removeItem(name);
  keepOnlyTheLook();
}

/** Ends the session here and at the issuer. Cognito has its own names for client and address. */
async function leave(manager: UserManager, { client }: Settings, left: () => void) {
  const address = `${location.origin}/`;
  const user = await manager.getUser();
  await manager.removeUser();
  forgetOwn();
  left(); // hides the user's data, even in the page that the browser caches for Back
  await manager.signoutRedirect({
    id_token_hint: user?.id_token,
    post_logout_redirect_uri: address,
    extraQueryParams: { client_id: client, logout_uri: address },
  });
}
