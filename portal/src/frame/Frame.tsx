// The frame of every page: navigation, the user, and messages that concern every page.

import { ActionIcon, Button, Popover, Tooltip, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useApp } from '../app';
import { usePlayer } from '../player/usePlayer';
import { useMe } from '../session/me';
import { useWords } from '../words/words';
import { AcknowledgeBanner } from './AcknowledgeBanner';
import { Brand } from './Brand';
import { Icon } from './Icon';
import { useKeys } from './keys';
import { Offline } from './Offline';
import { LanguageSwitch, SchemeSwitch } from './Switches';

const KeysHelp = lazy(() => import('./KeysHelp'));
const NowPlaying = lazy(() => import('../player/NowPlaying'));

export function Frame({ children }: { children: ReactNode }) {
  const words = useWords();
  const me = useMe();
  const [helping, setHelping] = useState(false);
  useKeys({ 'shift+?': () => setHelping(true) });
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {words.skip}
      </a>
      <header className="top">
        <Brand />
        <nav aria-label={words.nav.label}>
          <Link to="/calls" className="tab">
            {words.nav.calls}
          </Link>
          <Link to="/me" className="tab">
            {words.nav.me}
          </Link>
          {me.user.administrator && (
            <Link to="/administration" className="tab">
              {words.nav.administration}
            </Link>
          )}
        </nav>
        <div className="top-right">
          <Tooltip label={`${words.keys.title} (?)`}>
            <ActionIcon
              className="wide-only"
              variant="subtle"
              color="gray"
              aria-label={words.keys.title}
              onClick={() => setHelping(true)}
            >
              <Icon name="keys" />
            </ActionIcon>
          </Tooltip>
          <LanguageSwitch />
          <SchemeSwitch />
          <Person />
        </div>
      </header>
      <Offline />
      <AcknowledgeBanner />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Playing />
      <Suspense>{helping && <KeysHelp close={() => setHelping(false)} />}</Suspense>
    </div>
  );
}

function Playing() {
  const { recording } = usePlayer().state;
  return <Suspense>{recording && <NowPlaying />}</Suspense>;
}

function Person() {
  const words = useWords();
  const { session } = useApp();
  const { user, organisation } = useMe();
  return (
    <Popover position="bottom-end" width={240} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <UnstyledButton className="person" aria-label={`${user.name}, ${organisation.name}`}>
          <span className="avatar" aria-hidden="true">
            {initials(user.name)}
          </span>
          <span className="person-name">
            <bdi>{user.name}</bdi>
            <small>
              <bdi>{organisation.name}</bdi>
            </small>
          </span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={user.name} className="person-card">
        <strong>
          <bdi>{user.name}</bdi>
        </strong>
        <p className="quiet">
          <bdi>{organisation.name}</bdi>
        </p>
        <Button variant="default" fullWidth onClick={() => session.signOut()}>
          {words.signOut}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => Array.from(word ?? '')[0] ?? '').join('');
}
