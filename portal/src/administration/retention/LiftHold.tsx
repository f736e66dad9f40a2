import { Button, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { saysWhy } from '../../reason';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { OnlineButton } from '../OnlineButton';
import { Reason } from '../Reason';
import { Refused } from '../Refused';

export function LiftHold({ hold, close }: { hold: Schemas['Hold']; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const lift = useMutation({
    mutationFn: () =>
      answered(
        api.DELETE('/v1/holds/{hold}', { params: { path: { hold: hold.id }, query: { reason: reason.trim() } } }),
      ),
    onSuccess: () => {
      for (const list of ['holds', 'call']) void client.invalidateQueries({ queryKey: [list] });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (saysWhy(reason)) lift.mutate();
  };
  const lacks = !saysWhy(reason) && more.lacks.reason;
  return (
    <Modal opened onClose={close} title={more.holds.liftTitle} closeButtonProps={{ 'aria-label': words.close }}>
      <form onSubmit={submit} className="stack">
        <p>
          <strong>
            <bdi>{hold.reason}</bdi>
          </strong>
          , {more.calls(hold.recordings)}
        </p>
        <p className="warn">{more.holds.liftText}</p>
        <Reason value={reason} change={setReason} first />
        <Refused error={lift.error} />
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <OnlineButton type="submit" color="red" disabled={Boolean(lacks)} loading={lift.isPending}>
            {more.holds.lift}
          </OnlineButton>
        </div>
      </form>
    </Modal>
  );
}
