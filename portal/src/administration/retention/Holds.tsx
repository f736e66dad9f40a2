import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { useWho } from '../../calls/who';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OnlineButton } from '../OnlineButton';
import { OrderState } from '../OrderState';
import { Slow } from '../Slow';
import { HeldCalls } from './HeldCalls';
import { LiftHold } from './LiftHold';

type Hold = Schemas['Hold'];

/** The active and the lifted holds, with their reasons. */
export function Holds() {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const [lifting, setLifting] = useState<Hold>();
  const [seen, setSeen] = useState<Hold>();
  const found = useInfiniteQuery({
    queryKey: ['holds'],
    queryFn: ({ pageParam }) => answered(api.GET('/v1/holds', { params: { query: { limit: 50, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const holds = found.data?.pages.flatMap((page) => page.holds) ?? [];
  return (
    <section className="card">
      <div className="card-head">
        <h2>{more.holds.title}</h2>
        <Link to="/calls" search={{ held: 'yes' }}>
          {more.holds.seen}
        </Link>
      </div>
      <p className="quiet">{more.holds.text}</p>
      {found.isPending && <Slow within />}
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {found.isSuccess && !holds.length && <p>{more.holds.none}</p>}
      {holds.length > 0 && <List holds={holds} lift={setLifting} see={setSeen} />}
      {found.hasNextPage && (
        <OnlineButton variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {words.more}
        </OnlineButton>
      )}
      {lifting && <LiftHold hold={lifting} close={() => setLifting(undefined)} />}
      <HeldCalls hold={seen} close={() => setSeen(undefined)} />
    </section>
  );
}

function List({ holds, lift, see }: { holds: Hold[]; lift(hold: Hold): void; see(hold: Hold): void }) {
  const more = useAdministrationWords();
  const who = useWho();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={more.holds.title}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{more.reason}</th>
            <th scope="col">{more.state}</th>
            <th scope="col">{more.recordings}</th>
            <th scope="col">{more.by}</th>
            <th scope="col">{more.at}</th>
            <th scope="col">
              <span className="unseen">{more.holds.lift}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {holds.map((hold) => (
            <tr key={hold.id}>
              <th scope="row" className="reason" dir="auto">
                {hold.reason}
              </th>
              <td>
                <OrderState state={hold.state} words={more.hold} />
              </td>
              <td>
                <button type="button" className="text-button digits" onClick={() => see(hold)}>
                  {more.calls(hold.recordings)}
                </button>
              </td>
              <td>
                <bdi>{who(hold.by)}</bdi>
              </td>
              <td>
                <When at={hold.at} />
              </td>
              <td>{hold.lifted ? <Lifted lifted={hold.lifted} /> : <Lift hold={hold} lift={() => lift(hold)} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Lift({ hold, lift }: { hold: Hold; lift(): void }) {
  const more = useAdministrationWords();
  return (
    <OnlineButton
      size="compact-sm"
      variant="subtle"
      color="red"
      onClick={lift}
      aria-label={`${more.holds.lift}: ${hold.reason}`}
    >
      {more.holds.lift}
    </OnlineButton>
  );
}

function Lifted({ lifted }: { lifted: Schemas['LiftedHold'] }) {
  const more = useAdministrationWords();
  const who = useWho();
  return (
    <span className="quiet">
      {more.holds.lifted} <bdi>{who(lifted.by)}</bdi> <When at={lifted.at} />: <bdi>{lifted.reason}</bdi>
    </span>
  );
}
