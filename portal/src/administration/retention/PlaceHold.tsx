// Holds one call or all calls of a search, in a dialog over the calls, for administrators.

import '../../frame/later.css';
import '../orders.css';
import { Button, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered } from '../../api/client';
import { useApp } from '../../app';
import type { Criteria } from '../../calls/criteria';
import { notify } from '../../frame/notify';
import { saysWhy } from '../../reason';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { OnlineButton } from '../OnlineButton';
import { Reason } from '../Reason';
import { Refused } from '../Refused';

type Found = { filter: Criteria; found: string; recording?: undefined };
type One = { recording: string; filter?: undefined };
type Props = (Found | One) & { close(): void };

export default function PlaceHold({ close, ...held }: Props) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const { recording, filter } = held;
  const place = useMutation({
    mutationFn: () => {
      const calls = recording ? { recordings: [recording] } : { filter };
      return answered(api.POST('/v1/holds', { body: { ...calls, reason: reason.trim() } }));
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['holds'] });
      // The worker places the hold later, so the call is fetched again when it is next shown.
      void client.invalidateQueries({ queryKey: ['call'], refetchType: 'none' });
      void notify({ message: more.holds.ordered, close: words.close });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (saysWhy(reason)) place.mutate();
  };
  const lacks = !saysWhy(reason) && more.lacks.reason;
  return (
    <Modal
      opened
      onClose={close}
      title={recording ? words.hold.call : words.hold.found}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      <form onSubmit={submit} className="stack">
        {held.filter ? <WhatIsFound {...held} /> : <p>{more.holds.one}</p>}
        <Reason value={reason} change={setReason} first />
        <Refused error={place.error} />
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <OnlineButton type="submit" disabled={Boolean(lacks)} loading={place.isPending}>
            {more.holds.place}
          </OnlineButton>
        </div>
      </form>
    </Modal>
  );
}

function WhatIsFound({ filter, found }: Found) {
  const more = useAdministrationWords();
  return (
    <>
      <p>{more.holds.found(found)}</p>
      {!Object.keys(filter).length && <p className="warn">{more.holds.everything}</p>}
      <p className="quiet">{more.holds.later}</p>
    </>
  );
}
