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
import { DaysDialog } from './DaysDialog';

type Change = Schemas['RetentionChange'];

/** The retention in days, and the changes of it. */
export function Days() {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const [asked, setAsked] = useState<Change | 'new'>();
  const found = useInfiniteQuery({
    queryKey: ['retention'],
    queryFn: ({ pageParam }) =>
      answered(api.GET('/v1/retention', { params: { query: { limit: 20, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const policy = found.data?.pages[0];
  const changes = found.data?.pages.flatMap((page) => page.changes) ?? [];
  return (
    <section className="card">
      <div className="card-head">
        <h2>{more.days.title}</h2>
        {policy && (
          <OnlineButton variant="default" onClick={() => setAsked('new')}>
            {more.days.change}
          </OnlineButton>
        )}
      </div>
      {found.isPending && <Slow within />}
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {policy && (
        <>
          <p className="big">{more.days.now(policy.days)}</p>
          <p className="quiet">{policy.storageAddOn ? more.days.addOn : more.days.noAddOn}</p>
          {changes.length > 0 ? <Changes changes={changes} goOn={setAsked} /> : <p>{more.days.noChanges}</p>}
        </>
      )}
      {found.hasNextPage && (
        <OnlineButton variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {words.more}
        </OnlineButton>
      )}
      {asked && policy && (
        <DaysDialog policy={policy} previewed={asked === 'new' ? undefined : asked} close={() => setAsked(undefined)} />
      )}
    </section>
  );
}

function Changes({ changes, goOn }: { changes: Change[]; goOn(change: Change): void }) {
  const more = useAdministrationWords();
  return (
    <OrderTable label={more.days.changes} what={more.days.changes}>
      {changes.map((change) => (
        <tr key={change.id}>
          <th scope="row">{more.days.fromTo(change.was, change.days)}</th>
          <td>
            <OrderState state={change.state} words={more.change} />
            {change.state === 'previewed' && (
              <OnlineButton size="compact-sm" variant="subtle" onClick={() => goOn(change)}>
                {more.days.goOn}
              </OnlineButton>
            )}
          </td>
          <td className="number">{moved(change)}</td>
          <Ordered {...change} />
        </tr>
      ))}
    </OrderTable>
  );
}

/** The progress of a change, while it runs. */
function moved({ state, moved, recordings }: Change): string {
  return state === 'moving' ? `${moved} / ${recordings}` : String(state === 'previewed' ? recordings : moved);
}
