import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { useWho } from '../../calls/who';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OrderState } from '../OrderState';
import { ErasureDialog } from './ErasureDialog';
import { useAbout } from './useAbout';

type Erasure = Schemas['Erasure'];

/** Who has been erased, as far as that is remembered, and what was left. */
export function Erasures() {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const [asked, setAsked] = useState<Erasure | 'new'>();
  const found = useInfiniteQuery({
    queryKey: ['erasures'],
    queryFn: ({ pageParam }) =>
      answered(api.GET('/v1/erasures', { params: { query: { limit: 50, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const erasures = found.data?.pages.flatMap((page) => page.erasures) ?? [];
  return (
    <section className="card">
      <div className="card-head">
        <h2>{more.erasures.title}</h2>
        <Button variant="default" color="red" onClick={() => setAsked('new')}>
          {more.erasures.erase}
        </Button>
      </div>
      <p className="quiet">{more.erasures.text}</p>
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {found.isSuccess && !erasures.length && <p>{more.erasures.none}</p>}
      {erasures.length > 0 && <List erasures={erasures} open={setAsked} />}
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {words.more}
        </Button>
      )}
      {asked && <ErasureDialog ordered={asked === 'new' ? undefined : asked} close={() => setAsked(undefined)} />}
    </section>
  );
}

function List({ erasures, open }: { erasures: Erasure[]; open(erasure: Erasure): void }) {
  const more = useAdministrationWords();
  const who = useWho();
  const about = useAbout();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={more.erasures.title}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{more.erasures.about}</th>
            <th scope="col">{more.state}</th>
            <th scope="col" className="number">
              {more.recordings}
            </th>
            <th scope="col">{more.reason}</th>
            <th scope="col">{more.by}</th>
            <th scope="col">{more.at}</th>
          </tr>
        </thead>
        <tbody>
          {erasures.map((erasure) => (
            <tr key={erasure.id}>
              <th scope="row">
                <button type="button" className="text-button" title={more.erasures.open} onClick={() => open(erasure)}>
                  <bdi>{about(erasure.about)}</bdi>
                </button>
              </th>
              <td>
                <OrderState state={erasure.state} words={more.erasure} />
              </td>
              <td className="number">{count(erasure)}</td>
              <td className="reason" dir="auto">
                {erasure.reason}
              </td>
              <td>
                <bdi>{who(erasure.by)}</bdi>
              </td>
              <td>
                <When at={erasure.at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What would be erased, how many of those have been, or how many were. */
function count({ state, erased, recordings, held }: Erasure): string {
  if (state === 'previewed') return String(recordings - held);
  return state === 'erasing' ? `${erased} / ${recordings - held}` : String(erased);
}
