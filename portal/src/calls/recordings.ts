// One recording in the query cache: on its own and on the pages of a search.

import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { answered, type Schemas } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';

type Page = Schemas['Page'];

/** The recording. The list's row is shown until it has been fetched. */
export function useRecording(id: string) {
  const { api } = useApp();
  const client = useQueryClient();
  return useQuery({
    queryKey: ['call', id],
    queryFn: () => answered(api.GET('/v1/recordings/{id}', { params: { path: { id } } })),
    placeholderData: () => onAPage(client, id),
  });
}

function onAPage(client: QueryClient, id: string): Recording | undefined {
  for (const [, page] of client.getQueriesData<Page>({ queryKey: ['calls'] })) {
    const found = page?.recordings.find((recording) => recording.id === id);
    if (found) return found;
  }
  return undefined;
}

/** Replaces the recording in the panel and in the list. */
export function put(client: QueryClient, recording: Recording) {
  client.setQueryData(['call', recording.id], recording);
  client.setQueriesData<Page>({ queryKey: ['calls'] }, (page) => {
    if (!page?.recordings.some(({ id }) => id === recording.id)) return page;
    return { ...page, recordings: page.recordings.map((row) => (row.id === recording.id ? recording : row)) };
  });
}
