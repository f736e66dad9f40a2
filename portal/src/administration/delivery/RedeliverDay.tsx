import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered } from '../../api/client';
import { useApp } from '../../app';
import { notify } from '../../frame/notify';
import { dayOf, isDay } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { OnlineButton } from '../OnlineButton';
import { Refused } from '../Refused';

/** Requests a second folder for a day. */
export function RedeliverDay({ day: first, close }: { day: string; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const [day, setDay] = useState(first);
  const redeliver = useMutation({
    mutationFn: () => answered(api.POST('/v1/drops/{day}', { params: { path: { day } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['drops'] });
      void notify({ message: more.drops.ordered, close: words.close });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isDay(day)) redeliver.mutate();
  };
  const lacks = !isDay(day) && more.lacks.day;
  return (
    <Modal opened onClose={close} title={more.drops.againTitle} closeButtonProps={{ 'aria-label': words.close }}>
      <form onSubmit={submit} className="stack">
        <p className="quiet">{more.drops.againText}</p>
        <TextInput
          data-autofocus
          type="date"
          label={more.drops.day}
          max={dayOf(new Date())}
          value={day}
          onChange={(event) => {
            redeliver.reset();
            setDay(event.currentTarget.value);
          }}
        />
        <Refused error={redeliver.error} />
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <OnlineButton type="submit" disabled={Boolean(lacks)} loading={redeliver.isPending}>
            {more.drops.again}
          </OnlineButton>
        </div>
      </form>
    </Modal>
  );
}
