import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { PAGE, whole } from '../../calls/directory';
import { When } from '../../calls/When';
import { Failed } from '../../frame/Failed';
import { dayOf, shifted } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OnlineButton } from '../OnlineButton';
import { OrderState } from '../OrderState';
import { Slow } from '../Slow';
import { size } from '../size';
import { stateOf } from './folders';
import { RedeliverDay } from './RedeliverDay';

type Drop = Schemas['Drop'];

/** The delivery folders: the available ones, and those of the last month. */
export function Drops() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const [redelivering, setRedelivering] = useState<string>();
  const asked = useQuery({
    queryKey: ['drops'],
    queryFn: () =>
      whole('drops', (cursor) => answered(api.GET('/v1/drops', { params: { query: { limit: PAGE, cursor } } }))),
    staleTime: 0,
  });
  const drops = asked.data?.drops ?? [];
  return (
    <section className="card">
      <div className="card-head">
        <h2>{more.drops.title}</h2>
        <OnlineButton variant="default" onClick={() => setRedelivering(shifted(dayOf(new Date()), -1))}>
          {more.drops.another}
        </OnlineButton>
      </div>
      {asked.isPending && <Slow within />}
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.isSuccess && !drops.length && <p>{more.drops.none}</p>}
      {drops.length > 0 && <List drops={drops} again={setRedelivering} />}
      {redelivering && <RedeliverDay day={redelivering} close={() => setRedelivering(undefined)} />}
    </section>
  );
}

function List({ drops, again }: { drops: Drop[]; again(day: string): void }) {
  const more = useAdministrationWords();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={more.drops.title}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{more.drops.folder}</th>
            <th scope="col">{more.state}</th>
            <th scope="col" className="number">
              {more.recordings}
            </th>
            <th scope="col" className="number" title={more.drops.lateText}>
              {more.drops.late}
            </th>
            <th scope="col" className="number">
              {more.drops.bytes}
            </th>
            <th scope="col">{more.drops.complete}</th>
            <th scope="col">{more.drops.gone}</th>
            <th scope="col">
              <span className="unseen">{more.drops.again}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {drops.map((drop) => (
            <Row key={drop.folder} drop={drop} again={() => again(drop.day)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ drop, again }: { drop: Drop; again(): void }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { folder, recordings, late, bytes, completeAt, goneAt } = drop;
  return (
    <tr>
      <th scope="row" className="digits">
        {folder}
      </th>
      <td>
        <OrderState state={stateOf(drop, new Date())} words={more.drop} />
        {drop.notDelivered > 0 && <Lacks drop={drop} />}
      </td>
      <td className="number">{recordings.toLocaleString(words.locale)}</td>
      <td className="number">{late.toLocaleString(words.locale)}</td>
      <td className="number digits">{size(bytes, words.locale)}</td>
      <td>{completeAt ? <When at={completeAt} /> : '–'}</td>
      <td>
        <When at={goneAt} />
      </td>
      <td>
        <OnlineButton size="compact-sm" variant="subtle" onClick={again} aria-label={`${more.drops.again} ${folder}`}>
          {more.drops.again}
        </OnlineButton>
      </td>
    </tr>
  );
}

/** The calls that are missing from the folder, each with the reason. */
function Lacks({ drop: { notDelivered, undelivered } }: { drop: Drop }) {
  const { drops } = useAdministrationWords();
  return (
    <details>
      <summary>{drops.lacks(notDelivered)}</summary>
      <ul>
        {undelivered.map(({ recording, reason }) => (
          <li key={recording}>
            <Link to="/calls/$id" params={{ id: recording }} search={{}}>
              {drops.call}
            </Link>
            {': '}
            {drops.reasons[reason] ?? reason}
          </li>
        ))}
      </ul>
    </details>
  );
}
