// Who is signed in: authorization code with PKCE against the issuer. Tokens are kept in the tab's own storage, which ends with the tab.

import { type User, UserManager, WebStorageStateStore } from 'oidc-client-ts';
import { keepOnlyTheLook } from '../preferences';
import type { Settings } from '../settings';

export type SessionState = 'signed-out' | 'signed-in' | 'ran-out';

export type Session = {
  state(): SessionState;
  subscribe(listener: () => void): () => void;
  /** The token to call with; undefined where the session has ended. */
  token(): Promise<string | undefined>;
  /** Goes to the issuer's page, and comes back to `address` of the portal. */
  signIn(address: string): Promise<void>;
  signOut(): Promise<void>;
  /** The API did not take the token. */
  refused(): void;
};

/** Opens the session, taking in the issuer's answer if this is the way back from it. `go` shows the address it was left at. */
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
  // A page that the browser kept whole, and brings back by Back, may be that of someone who has signed out since.
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
    scope: 'openid email',
    metadata: signIn && { issuer, ...signIn },
    userStore: own,
    stateStore: own,
    automaticSilentRenew: true,
    loadUserInfo: false,
  };
}

/** Who came back from the issuer's page, if this is the way back. */
async function returned(manager: UserManager, go: (address: string) => void): Promise<User | undefined> {
  const query = new URLSearchParams(location.search);
  if (!query.has('state') || !(query.has('code') || query.has('error'))) return undefined;
  try {
    const before = await manager.getUser();
    const user = await manager.signinRedirectCallback();
    // Whoever signs in where another had been finds nothing of theirs: neither what they kept nor the search that they left.
    const isAnother = before && before.profile.sub !== user.profile.sub;
    if (isAnother) forgetOwn();
    const { address = '/' } = (user.state as { address?: string } | undefined) ?? {};
    go(isAnother ? '/' : address);
    return user;
  } catch {
    // A code that was used already, or an attempt from another tab: signing in is a click away.
    go('/');
    return undefined;
  }
}

/** What answers with the user and a token that holds: one that has run out is renewed, once for all who ask meanwhile. */
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

/** Takes away all that someone kept, was writing or began: whatever is in the tab's storage but who is signed in now. */
function forgetOwn() {
  for (const name of Object.keys(sessionStorage))
    if (!name.startsWith('session.user:')) sessionStorage.removeItem(name);
  keepOnlyTheLook();
}

/** Ends the session here and at the issuer. Cognito asks for the client and the address under names of its own. */
async function leave(manager: UserManager, { client }: Settings, left: () => void) {
  const address = `${location.origin}/`;
  const user = await manager.getUser();
  await manager.removeUser();
  forgetOwn();
  left(); // nothing of theirs is shown any more, not even where the browser keeps the page for Back
  await manager.signoutRedirect({
    id_token_hint: user?.id_token,
    post_logout_redirect_uri: address,
    extraQueryParams: { client_id: client, logout_uri: address },
  });
}
