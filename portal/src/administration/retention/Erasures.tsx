import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OnlineButton } from '../OnlineButton';
import { OrderState } from '../OrderState';
import { Ordered, OrderTable } from '../OrderTable';
import { Slow } from '../Slow';
import { ErasureDialog } from './ErasureDialog';
import { useAbout } from './useAbout';

type Erasure = Schemas['Erasure'];

/** The erasures that the service still stores, and the recordings they left. */
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
        <OnlineButton variant="default" color="red" onClick={() => setAsked('new')}>
          {more.erasures.erase}
        </OnlineButton>
      </div>
      <p className="quiet">{more.erasures.text}</p>
      {found.isPending && <Slow within />}
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {found.isSuccess && !erasures.length && <p>{more.erasures.none}</p>}
      {erasures.length > 0 && <List erasures={erasures} open={setAsked} />}
      {found.hasNextPage && (
        <OnlineButton variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {words.more}
        </OnlineButton>
      )}
      {asked && <ErasureDialog ordered={asked === 'new' ? undefined : asked} close={() => setAsked(undefined)} />}
    </section>
  );
}

function List({ erasures, open }: { erasures: Erasure[]; open(erasure: Erasure): void }) {
  const more = useAdministrationWords();
  const about = useAbout();
  return (
    <OrderTable label={more.erasures.title} what={more.erasures.about}>
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
          <Ordered {...erasure} />
        </tr>
      ))}
    </OrderTable>
  );
}

/** The number of recordings to erase, erased so far, or erased. */
function count({ state, erased, recordings, held }: Erasure): string {
  if (state === 'previewed') return String(recordings - held);
  return state === 'erasing' ? `${erased} / ${recordings - held}` : String(erased);
}
