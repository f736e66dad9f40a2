// Shows pages to signed-in users. If the session ran out, the sign-in lies over the page.

import { Button, Loader } from '@mantine/core';
import { Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useSyncExternalStore } from 'react';
import { useApp } from '../app';
import { Failed } from '../frame/Failed';
import { Frame } from '../frame/Frame';
import { useOwnLanguage, useWords } from '../words/words';
import { MeContext, useMeQuery } from './me';
import { SignIn } from './SignIn';

const RanOut = lazy(() => import('./RanOut'));

export function Gate() {
  const { session } = useApp();
  const state = useSyncExternalStore(session.subscribe, session.state);
  return state === 'signed-out' ? <SignIn /> : <SignedIn ranOut={state === 'ran-out'} />;
}

function SignedIn({ ranOut }: { ranOut: boolean }) {
  const me = useMeQuery();
  useOwnLanguage(me.data?.user.language);
  if (me.data) {
    return (
      <MeContext value={me.data}>
        <Frame>
          <Outlet />
        </Frame>
        <Suspense>{ranOut && <RanOut />}</Suspense>
      </MeContext>
    );
  }
  if (ranOut) return <SignIn />;
  if (me.isError) return <NotLetIn error={me.error} again={() => me.refetch()} />;
  return <Loader className="waiting" />;
}

function NotLetIn({ error, again }: { error: unknown; again(): void }) {
  const { session } = useApp();
  const words = useWords();
  return (
    <main className="alone">
      <Failed page error={error} again={again} />
      <Button variant="subtle" onClick={() => session.signOut()}>
        {words.signOut}
      </Button>
    </main>
  );
}
