import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { useWho } from '../../calls/who';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OrderState } from '../OrderState';
import { Refresh } from '../Refresh';
import { useAbout } from './useAbout';

type Erasure = Schemas['Erasure'];

/** An erasure's progress and result. Each deletion has a receipt in the log. */
export function ErasureReceipt({ erasure, close }: { erasure: Erasure; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const asked = useQuery({
    queryKey: ['erasure', erasure.id],
    queryFn: () => answered(api.GET('/v1/erasures/{erasure}', { params: { path: { erasure: erasure.id } } })),
    placeholderData: erasure,
    staleTime: 0,
  });
  return (
    <div className="stack">
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && <Facts erasure={asked.data} />}
      {asked.data && asked.data.leaves.length > 0 && <Left erasure={asked.data} />}
      <p>
        <Link to="/administration/audit" search={{ action: 'erase', resource: erasure.id }}>
          {more.erasures.receipts}
        </Link>
      </p>
      <div className="dialog-foot">
        {asked.data?.state === 'erasing' && <Refresh lists={['erasure', 'erasures']} />}
        <Button variant="default" onClick={close}>
          {words.close}
        </Button>
      </div>
    </div>
  );
}

function Facts({ erasure }: { erasure: Erasure }) {
  const more = useAdministrationWords();
  const about = useAbout();
  const who = useWho();
  const facts = [
    [more.erasures.about, <bdi key="about">{about(erasure.about)}</bdi>],
    [more.state, <OrderState key="state" state={erasure.state} words={more.erasure} />],
    [more.erasures.erased, more.calls(erasure.erased)],
    [more.erasures.left, more.calls(erasure.left)],
    [more.reason, <bdi key="reason">{erasure.reason}</bdi>],
    [more.by, <bdi key="by">{who(erasure.by)}</bdi>],
    [more.at, <When key="at" at={erasure.at} exact />],
  ] as const;
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Left({ erasure: { left, leaves } }: { erasure: Erasure }) {
  const more = useAdministrationWords();
  return (
    <section>
      <h3>{more.erasures.left}</h3>
      {left > leaves.length && <p className="quiet">{more.erasures.first}</p>}
      <ol className="history">
        {leaves.map(({ recording }) => (
          <li key={recording}>
            <Link to="/calls/$id" params={{ id: recording }} search={{}}>
              {more.erasures.theCall} <code>{recording}</code>
            </Link>
          </li>
        ))}
      </ol>
    </section>
  );
}
