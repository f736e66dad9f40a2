// Changes the retention, after a preview of the affected recordings. If some end at once, the user
// types their number first.

import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { saysWhy } from '../../reason';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { OnlineButton } from '../OnlineButton';
import { Reason } from '../Reason';
import { Refused } from '../Refused';
import { daysOf, mostDays } from './days';

type Change = Schemas['RetentionChange'];
type Props = { policy: Schemas['Retention']; previewed?: Change; close(): void };

export function DaysDialog({ policy, previewed, close }: Props) {
  const words = useWords();
  const more = useAdministrationWords();
  const [change, setChange] = useState(previewed);
  return (
    <Modal opened onClose={close} size="lg" title={more.days.change} closeButtonProps={{ 'aria-label': words.close }}>
      {change ? <Confirm change={change} close={close} /> : <Choose policy={policy} close={close} chosen={setChange} />}
    </Modal>
  );
}

type ChooseProps = { policy: Schemas['Retention']; close(): void; chosen(change: Change): void };

function Choose({ policy, close, chosen }: ChooseProps) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const [typed, setTyped] = useState(String(policy.days));
  const [reason, setReason] = useState('');
  const days = daysOf(typed, policy.storageAddOn);
  const preview = useMutation({
    mutationFn: (days: number) => answered(api.POST('/v1/retention', { body: { days, reason: reason.trim() } })),
    onSuccess: (change) => {
      void client.invalidateQueries({ queryKey: ['retention'] });
      chosen(change);
    },
  });
  const wrong = days === undefined ? more.days.range(mostDays(policy.storageAddOn)) : undefined;
  const same = days === policy.days;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (days !== undefined) preview.mutate(days);
  };
  const lacks = wrong || (same ? more.days.same : !saysWhy(reason) && more.lacks.reason);
  return (
    <form onSubmit={submit} className="stack">
      <TextInput
        data-autofocus
        label={more.days.days}
        description={same ? more.days.same : undefined}
        inputMode="numeric"
        value={typed}
        error={wrong}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Reason value={reason} change={setReason} />
      <Refused error={preview.error} />
      <div className="dialog-foot">
        <Lacks what={lacks} />
        <Button variant="default" onClick={close}>
          {words.cancel}
        </Button>
        <OnlineButton type="submit" disabled={Boolean(lacks)} loading={preview.isPending}>
          {more.preview}
        </OnlineButton>
      </div>
    </form>
  );
}

function Confirm({ change, close }: { change: Change; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const { id, days, was, recordings, ending, exact } = change;
  const order = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/retention/{change}/confirm', { params: { path: { change: id } }, body: { recordings } })),
    onSuccess: () => {
      for (const list of ['retention', 'organisation', 'me', 'call'])
        void client.invalidateQueries({ queryKey: [list] });
      close();
    },
  });
  const lacksCount = ending > 0 && typed.trim() !== String(ending) && more.typeNumber(ending);
  return (
    <div className="stack">
      <dl className="facts">
        <div>
          <dt>{more.days.days}</dt>
          <dd>{more.days.fromTo(was, days)}</dd>
        </div>
        <div>
          <dt>{more.days.concerns}</dt>
          <dd>{more.calls(recordings, exact)}</dd>
        </div>
        <div>
          <dt>{more.days.ends}</dt>
          <dd className={ending ? 'warn' : undefined}>{more.calls(ending, exact)}</dd>
        </div>
        {change.confirmBefore && (
          <div>
            <dt>{more.confirmBefore}</dt>
            <dd>
              <When at={change.confirmBefore} />
            </dd>
          </div>
        )}
      </dl>
      {ending > 0 && (
        <>
          <p className="warn">{more.days.endsText}</p>
          <TextInput
            data-autofocus
            label={more.typeNumber(ending)}
            inputMode="numeric"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </>
      )}
      <Refused error={order.error} />
      <div className="dialog-foot">
        <Lacks what={lacksCount} />
        <Button variant="default" onClick={close}>
          {words.cancel}
        </Button>
        <OnlineButton
          color={ending ? 'red' : undefined}
          disabled={Boolean(lacksCount)}
          loading={order.isPending}
          onClick={() => order.mutate()}
        >
          {more.days.confirm(days)}
        </OnlineButton>
      </div>
    </div>
  );
}
