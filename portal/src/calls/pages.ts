// The rows of a search, fetched in pages on scrolling. Only pages near the view stay in memory. A
// dropped page is fetched again by its own cursor, so 100,000 rows take no more memory than 1,000.

import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { type Api, answered } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { type Filters, query } from './filters';

const PAGE = 200;
/** Rows that are fetched ahead of the visible ones. */
const AHEAD = 150;
const CACHED_MS = 20_000;

/** A page: its cursor, the index of its first row, and its number of rows once fetched. */
type Link = { cursor: string | undefined; from: number; count: number | undefined };
type Asked = { filters: Filters; at: Date };

export type CallPages = {
  /** Rows known so far. */
  count: number;
  /** Whether more rows follow. */
  more: boolean;
  row(index: number): Recording | undefined;
  error: Error | null;
  /** Whether the first page is being fetched. */
  starting: boolean;
  /** Whether any page is being fetched. */
  fetching: boolean;
  retry(): void;
  refresh(): void;
  asked: Asked;
};

const FIRST: Link[] = [{ cursor: undefined, from: 0, count: undefined }];

export function useCallPages(filters: Filters, first: number, last: number): CallPages {
  const { api } = useApp();
  const { asked, links, setLinks, refresh } = useAsked(filters);

  const wanted = links.filter(({ from, count }) => from <= last + AHEAD && from + (count ?? 1) > first - AHEAD);
  const results = useQueries({
    queries: wanted.map(({ cursor }) => page(api, asked, cursor)),
  });

  // The newest page gives its length, and the cursor of the next page if one follows.
  const end = links.at(-1) as Link;
  const endData = results[wanted.indexOf(end)]?.data;
  useEffect(() => {
    if (!endData || end.count !== undefined) return;
    const count = endData.recordings.length;
    const next = endData.cursor ? [{ cursor: endData.cursor, from: end.from + count, count: undefined }] : [];
    setLinks((links) => (links.at(-1) === end ? [...links.slice(0, -1), { ...end, count }, ...next] : links));
  }, [endData, end, setLinks]);

  const rows = new Map(wanted.map((link, index) => [link, results[index]?.data?.recordings]));
  const failed = results.find((result) => result.error);
  return {
    asked,
    count: end.from + (end.count ?? 0),
    more: end.count === undefined,
    row: (index) => {
      const link = wanted.find(({ from, count }) => index >= from && index < from + (count ?? 0));
      return link && rows.get(link)?.[index - link.from];
    },
    error: failed?.error ?? null,
    starting: links.length === 1 && end.count === undefined && !failed,
    fetching: results.some((result) => result.isFetching),
    retry: () => void failed?.refetch(),
    refresh,
  };
}

/** The request and its known pages. Other filters start again. */
function useAsked(filters: Filters) {
  const client = useQueryClient();
  const name = JSON.stringify(filters);
  const [asked, setAsked] = useState<Asked>(() => ({ filters, at: new Date() }));
  const [links, setLinks] = useState(FIRST);
  if (JSON.stringify(asked.filters) !== name) {
    setAsked({ filters, at: new Date() });
    setLinks(FIRST);
  }
  const refresh = useCallback(() => {
    setAsked((asked) => ({ ...asked, at: new Date() }));
    setLinks(FIRST);
    client.removeQueries({ queryKey: ['calls', name], type: 'inactive' });
    void client.invalidateQueries({ queryKey: ['call'] });
  }, [client, name]);
  return { asked, links, setLinks, refresh };
}

/** The query of a page. Outside the hook, so that no closure retains the rows of old renders. */
function page(api: Api, { filters, at }: Asked, cursor: string | undefined) {
  return {
    queryKey: ['calls', JSON.stringify(filters), at.getTime(), cursor ?? ''],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      answered(
        api.GET('/v1/recordings', { params: { query: { ...query(filters, at), limit: PAGE, cursor } }, signal }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: CACHED_MS,
  };
}
