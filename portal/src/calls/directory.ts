// The names of the users that the caller reaches, fetched once and cached for minutes.

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type Api, answered, type Schemas } from '../api/client';
import { useApp } from '../app';
import { useMe } from '../session/me';

export type User = Schemas['User'];

/** The most rows of a page. */
export const PAGE = 1000;
const MINUTES = 60_000;

export type Directory = {
  users: User[];
  nameOf(id: string): string;
  /** The only user with this extension. */
  colleagueAt(extension: string): User | undefined;
};

export function useDirectory(): Directory {
  const { api } = useApp();
  const me = useMe();
  const groups = me.user.supervises.filter(({ holds }) => holds).map(({ group }) => group);
  const others = useQuery({
    queryKey: ['directory'],
    queryFn: () => (me.user.administrator ? everyone(api) : membersOf(api, groups)),
    enabled: me.user.administrator || groups.length > 0,
    staleTime: 5 * MINUTES,
  });
  return useMemo(() => {
    const users = new Map([me.user, ...(others.data ?? [])].map((user) => [user.id, user]));
    const byExtension = Map.groupBy(users.values(), (user) => user.extension);
    return {
      users: [...users.values()],
      nameOf: (id) => users.get(id)?.name ?? id,
      colleagueAt: (extension) => {
        const colleagues = byExtension.get(extension) ?? [];
        return colleagues.length === 1 ? colleagues[0] : undefined;
      },
    };
  }, [me.user, others.data]);
}

async function everyone(api: Api): Promise<User[]> {
  return paged((cursor) =>
    answered(api.GET('/v1/users', { params: { query: { limit: PAGE, cursor } } })).then((page) => ({
      ...page,
      rows: page.users,
    })),
  );
}

async function membersOf(api: Api, groups: string[]): Promise<User[]> {
  const lists = groups.map((group) =>
    paged((cursor) =>
      answered(
        api.GET('/v1/groups/{group}/members', { params: { path: { group }, query: { limit: PAGE, cursor } } }),
      ).then((page) => ({
        ...page,
        rows: page.members,
      })),
    ),
  );
  return (await Promise.all(lists)).flat();
}

/** Every row, page by page. */
export async function paged<T>(
  page: (cursor: string | undefined) => Promise<{ rows: T[]; cursor?: string | null }>,
): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | undefined;
  do {
    const read = await page(cursor);
    rows.push(...read.rows);
    cursor = read.cursor ?? undefined;
  } while (cursor);
  return rows;
}

/** The first page, with the rows of all pages. */
export async function whole<K extends string, P extends { cursor?: string | null } & Record<K, unknown[]>>(
  list: K,
  page: (cursor: string | undefined) => Promise<P>,
): Promise<P> {
  const first = await page(undefined);
  let cursor = first.cursor;
  const rows: unknown[] = [...first[list]];
  while (cursor) {
    const next = await page(cursor);
    rows.push(...next[list]);
    cursor = next.cursor;
  }
  return { ...first, [list]: rows, cursor: null };
}
