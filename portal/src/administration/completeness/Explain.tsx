import { Button, Modal } from '@mantine/core';
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

/** Explains why a call is missing. */
export function Explain({ day, call, close }: { day: string; call: Schemas['AccountedCall']; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const { completeness, lacks: missing } = useAdministrationWords();
  const client = useQueryClient();
  const [text, setText] = useState(call.explanation?.text ?? '');
  const explain = useMutation({
    mutationFn: () =>
      answered(
        api.PUT('/v1/completeness/{day}/calls/{id}/explanation', {
          params: { path: { day, id: call.id } },
          body: { text: text.trim() },
        }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['completeness-calls', day] });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (saysWhy(text)) explain.mutate();
  };
  const lacks = !saysWhy(text) && missing.reason;
  return (
    <Modal opened onClose={close} title={completeness.explainTitle} closeButtonProps={{ 'aria-label': words.close }}>
      <form onSubmit={submit} className="stack">
        <p>
          <When at={call.startedAt} exact />
        </p>
        <p className="quiet">{completeness.explainText}</p>
        <Reason value={text} change={setText} first />
        <Refused error={explain.error} />
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <OnlineButton type="submit" disabled={Boolean(lacks)} loading={explain.isPending}>
            {completeness.explain}
          </OnlineButton>
        </div>
      </form>
    </Modal>
  );
}
