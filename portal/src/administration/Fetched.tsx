// The age of a page's data. Offline, a warning says that it may have changed and is read-only.

import { useInterval } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState, useSyncExternalStore } from 'react';
import { When } from '../calls/When';
import { useOnline } from '../frame/online';
import { clock } from '../time';
import { useAdministrationWords } from '../words/administration/words';
import { useLanguage, useWords } from '../words/words';
import { age } from './age';

const TICK_MS = 15_000;

export function Fetched({ lists }: { lists: string[] }) {
  const words = useWords();
  const { language } = useLanguage();
  const online = useOnline();
  const at = useFetchedAt(lists);
  return (
    <div role="status" className={online ? 'quiet' : 'card fetched'}>
      {online ? at > 0 && words.search.asOf(clock(new Date(at), language)) : <Stale at={at} />}
    </div>
  );
}

function Stale({ at }: { at: number }) {
  const words = useWords();
  const { offline } = useAdministrationWords();
  const now = useNow();
  const seconds = (now - at) / 1000;
  return (
    <>
      {at > 0 && (
        <p>
          {offline.shown} <When at={new Date(at).toISOString()} />,{' '}
          {seconds < 60 ? offline.justNow : offline.ago(age(seconds, words.locale))}. {offline.changed}
        </p>
      )}
      <p>{offline.cannot}</p>
    </>
  );
}

/** The current time, updated at intervals. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useInterval(() => setNow(Date.now()), TICK_MS, { autoInvoke: true });
  return now;
}

/** The time of the oldest list on the page; 0 if no list has been fetched. */
function useFetchedAt(lists: string[]): number {
  const cache = useQueryClient().getQueryCache();
  const ofLists = ({ queryKey }: { queryKey: readonly unknown[] }) => lists.includes(String(queryKey[0]));
  return useSyncExternalStore(
    (listener) => cache.subscribe(listener),
    () => {
      const came = cache.findAll({ type: 'active', predicate: ofLists }).map(({ state }) => state.dataUpdatedAt);
      const times = came.filter((at) => at > 0);
      return times.length ? Math.min(...times) : 0;
    },
  );
}
