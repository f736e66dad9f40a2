import { Button, Switch } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Schemas } from '../api/client';
import { useApp } from '../app';
import { When } from '../calls/When';
import { useWho } from '../calls/who';
import { Failed } from '../frame/Failed';
import { nobody } from '../phone';
import { useMe, useWritten } from '../session/me';
import { useWords } from '../words/words';

type Heard = Schemas['Heard'];

/** Who played or downloaded the caller's recordings, latest first; on request the caller too. */
export function MyListeners() {
  const { api } = useApp();
  const words = useWords();
  const [own, setOwn] = useState(false);
  const asked = useInfiniteQuery({
    queryKey: ['my-listeners', own],
    queryFn: ({ pageParam }) =>
      answered(api.GET('/v1/me/listeners', { params: { query: { others: !own, limit: 50, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const events = asked.data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <section className="card">
      <h2>{words.me.listeners}</h2>
      <Switch label={words.me.own} checked={own} onChange={(event) => setOwn(event.currentTarget.checked)} />
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.isSuccess && !events.length && !asked.hasNextPage && (
        <p className="quiet">{own ? words.me.noListeners : words.me.noOthers}</p>
      )}
      <ol className="history">
        {events.map((event) => (
          <Listened key={event.requestId} event={event} />
        ))}
      </ol>
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => asked.fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </section>
  );
}

function Listened({ event }: { event: Heard }) {
  const words = useWords();
  const labels: Partial<Record<Schemas['AuditAction'], string>> = words.me.heard;
  const who = useWho();
  const { user } = useMe();
  const isOwn = event.actor === `user:${user.id}`;
  return (
    <li>
      <p className="history-head">
        <strong>
          <bdi>{isOwn ? words.me.yourself : who(event.actor, event.name ?? null)}</bdi>
        </strong>{' '}
        {labels[event.action] ?? event.action} <TheCall event={event} /> · <When at={event.at} />
      </p>
      {event.reason && (
        <p className="history-reason" dir="auto">
          ”{event.reason}”
        </p>
      )}
    </li>
  );
}

/** The call, by counterpart and time. */
function TheCall({ event: { recording, call } }: { event: Heard }) {
  const words = useWords();
  const written = useWritten();
  if (!recording || !call) return words.me.aCall;
  const number = nobody(call.counterpart, words) ?? written(call.counterpart);
  return (
    <Link to="/calls/$id" params={{ id: recording }} search={{}}>
      {words.me.theCall} <bdi>{number}</bdi>, <When at={call.startedAt} />
    </Link>
  );
}
