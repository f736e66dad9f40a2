import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered } from '../api/client';
import { useApp } from '../app';
import { When } from '../calls/When';
import { useWho } from '../calls/who';
import { Failed } from '../frame/Failed';
import { useMe } from '../session/me';
import { useWords } from '../words/words';

/** Who listened to the caller's recordings or fetched a copy, the latest first. */
export function MyListeners() {
  const { api } = useApp();
  const words = useWords();
  const who = useWho();
  const { user } = useMe();
  const asked = useInfiniteQuery({
    queryKey: ['my-listeners'],
    queryFn: ({ pageParam }) =>
      answered(api.GET('/v1/me/listeners', { params: { query: { limit: 50, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const events = asked.data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <section className="card">
      <h2>{words.me.listeners}</h2>
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.isSuccess && !events.length && <p className="quiet">{words.me.noListeners}</p>}
      <ol className="history">
        {events.map((event) => (
          <li key={event.requestId}>
            <p className="history-head">
              <strong>{event.who === `user:${user.id}` ? words.me.yourself : <bdi>{who(event.who)}</bdi>}</strong>{' '}
              {words.deed[event.deed as 'play'] ?? event.deed} <When at={event.at} />{' '}
              {event.recording && (
                <Link to="/calls/$id" params={{ id: event.recording }} search={{}}>
                  {words.me.theCall}
                </Link>
              )}
            </p>
            {event.reason && (
              <p className="history-reason" dir="auto">
                {event.reason}
              </p>
            )}
          </li>
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
