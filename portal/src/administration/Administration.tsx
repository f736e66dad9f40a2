// The frame and navigation of the administrator's pages.

import '../frame/later.css';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { Notice } from '../frame/Notice';
import { useMe } from '../session/me';
import { useAdministrationWords } from '../words/administration/words';
import { useWords } from '../words/words';

const PAGES = [
  ['/administration/users', 'users'],
  ['/administration/groups', 'groups'],
  ['/administration/marks', 'marks'],
  ['/administration/retention', 'retention'],
  ['/administration/delivery', 'delivery'],
  ['/administration/usage', 'usage'],
  ['/administration/statements', 'statements'],
  ['/administration/completeness', 'completeness'],
  ['/administration/missing', 'missing'],
  ['/administration/audit', 'audit'],
  ['/administration/organisation', 'organisation'],
] as const;

export function Administration() {
  const words = useWords();
  const more = useAdministrationWords();
  const { user } = useMe();
  if (!user.administrator)
    return (
      <Notice page title={words.problem['not-allowed']}>
        {more.administration.forAdministrators}
      </Notice>
    );
  return (
    <div className="administration">
      <Side />
      <div className="page">
        <Outlet />
      </div>
    </div>
  );
}

/** The navigation. On a telephone it is one row, scrolled so that the current page is in sight. */
function Side() {
  const words = useWords();
  const more = useAdministrationWords();
  const { pathname } = useLocation();
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address decides which page is current
  useEffect(() => {
    nav.current?.querySelector('[data-status=active]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [pathname]);
  return (
    <nav ref={nav} aria-label={words.nav.administration} className="side">
      {PAGES.map(([to, name]) => (
        // Prefetches the page's files, so that loaded pages open without a connection.
        <Link key={to} to={to} search={{}} preload="render">
          {more.administration[name]}
        </Link>
      ))}
    </nav>
  );
}
