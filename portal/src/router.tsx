// The portal's addresses. Filters are plain words in them, so that a search can be shared.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { readFilters } from './calls/filters';
import { Broken } from './frame/Failed';
import { Nowhere } from './frame/Nowhere';
import { Gate } from './session/Gate';

const root = createRootRoute({ component: Gate, notFoundComponent: Nowhere });
const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/calls' });
  },
});
const calls = createRoute({
  getParentRoute: () => root,
  path: '/calls',
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import('./calls/Calls'), 'Calls'),
});
const call = createRoute({
  getParentRoute: () => calls,
  path: '$id',
  component: lazyRouteComponent(() => import('./calls/Call'), 'Call'),
});
const me = createRoute({
  getParentRoute: () => root,
  path: '/me',
  component: lazyRouteComponent(() => import('./me/Me'), 'MePage'),
});
const administration = createRoute({
  getParentRoute: () => root,
  path: '/administration',
  component: lazyRouteComponent(() => import('./administration/Administration'), 'Administration'),
});
const administrationHome = createRoute({
  getParentRoute: () => administration,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/administration/users', search: {} });
  },
});

type UsersSearch = { q?: string; user?: string };
const users = createRoute({
  getParentRoute: () => administration,
  path: 'users',
  validateSearch: (search: Record<string, unknown>): UsersSearch => ({ q: text(search.q), user: text(search.user) }),
  component: lazyRouteComponent(() => import('./administration/users/Users'), 'Users'),
});
const groups = createRoute({
  getParentRoute: () => administration,
  path: 'groups',
  component: lazyRouteComponent(() => import('./administration/groups/Groups'), 'Groups'),
});
const group = createRoute({
  getParentRoute: () => administration,
  path: 'groups/$group',
  component: lazyRouteComponent(() => import('./administration/groups/Group'), 'Group'),
});
const marks = createRoute({
  getParentRoute: () => administration,
  path: 'marks',
  component: lazyRouteComponent(() => import('./administration/marks/Marks'), 'Marks'),
});
const retention = createRoute({
  getParentRoute: () => administration,
  path: 'retention',
  component: lazyRouteComponent(() => import('./administration/retention/Retention'), 'Retention'),
});
const delivery = createRoute({
  getParentRoute: () => administration,
  path: 'delivery',
  component: lazyRouteComponent(() => import('./administration/delivery/Delivery'), 'Delivery'),
});

/** `sort` names a column, and `turned` reverses its order. */
type UsageSearch = { q?: string; sort?: string; turned?: 'yes' };
const usage = createRoute({
  getParentRoute: () => administration,
  path: 'usage',
  validateSearch: (search: Record<string, unknown>): UsageSearch => ({
    q: text(search.q),
    sort: text(search.sort),
    turned: search.turned === 'yes' ? 'yes' : undefined,
  }),
  component: lazyRouteComponent(() => import('./administration/usage/Usage'), 'UsagePage'),
});
const statements = createRoute({
  getParentRoute: () => administration,
  path: 'statements',
  component: lazyRouteComponent(() => import('./administration/statements/Statements'), 'Statements'),
});
const statement = createRoute({
  getParentRoute: () => administration,
  path: 'statements/$month',
  component: lazyRouteComponent(() => import('./administration/statements/Statement'), 'StatementPage'),
});
const completeness = createRoute({
  getParentRoute: () => administration,
  path: 'completeness',
  component: lazyRouteComponent(() => import('./administration/completeness/Completeness'), 'CompletenessPage'),
});

/** `shown` (a state) and `user` choose the calls of the list. */
type CompletenessSearch = { shown?: string; user?: string };
const completenessDay = createRoute({
  getParentRoute: () => administration,
  path: 'completeness/$day',
  validateSearch: (search: Record<string, unknown>): CompletenessSearch => ({
    shown: text(search.shown),
    user: text(search.user),
  }),
  component: lazyRouteComponent(() => import('./administration/completeness/Day'), 'CompletenessDay'),
});
const missing = createRoute({
  getParentRoute: () => administration,
  path: 'missing',
  component: lazyRouteComponent(() => import('./administration/missing/Missing'), 'MissingPage'),
});
const organisation = createRoute({
  getParentRoute: () => administration,
  path: 'organisation',
  component: lazyRouteComponent(() => import('./administration/organisation/Organisation'), 'Organisation'),
});

export type AuditSearch = {
  actor?: string;
  action?: string;
  resource?: string;
  recording?: string;
  denied?: 'yes';
  from?: string;
  to?: string;
};
const audit = createRoute({
  getParentRoute: () => administration,
  path: 'audit',
  validateSearch: (search: Record<string, unknown>): AuditSearch => ({
    actor: text(search.actor),
    action: text(search.action),
    resource: text(search.resource),
    recording: text(search.recording),
    denied: search.denied === 'yes' ? 'yes' : undefined,
    from: text(search.from),
    to: text(search.to),
  }),
  component: lazyRouteComponent(() => import('./administration/audit/Audit'), 'Audit'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    calls.addChildren([call]),
    me,
    administration.addChildren([
      administrationHome,
      users,
      groups,
      group,
      marks,
      retention,
      delivery,
      usage,
      statements,
      statement,
      completeness,
      completenessDay,
      missing,
      organisation,
      audit,
    ]),
  ]),
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch,
  defaultPendingMs: 200,
  defaultErrorComponent: Broken,
  scrollRestoration: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

function stringifySearch(search: Record<string, unknown>): string {
  const present = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  const written = new URLSearchParams(
    present.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return written && `?${written}`;
}

function text(value: unknown): string | undefined {
  return value === undefined || value === '' ? undefined : String(value).slice(0, 200);
}
