import { Button, Modal, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered } from '../../api/client';
import { Problem } from '../../api/problem';
import { useApp } from '../../app';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { OnlineButton } from '../OnlineButton';
import { Refused } from '../Refused';
import { useRefusal } from '../refusal';
import { isPrivate } from './privateKey';

/** Adds a key from its line. The portal never sends a private key. */
export function AddKey({ close }: { close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const [key, setKey] = useState('');
  const add = useMutation({
    mutationFn: () => answered(api.POST('/v1/sftp/keys', { body: { key: key.trim() } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['sftp'] });
      close();
    },
  });
  const refusal = useKeyRefusal(add.error);
  const secret = isPrivate(key);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() && !secret) add.mutate();
  };
  const lacks = secret ? more.refusedKey.private : !key.trim() && more.lacks.key;
  return (
    <Modal opened onClose={close} size="lg" title={more.keys.add} closeButtonProps={{ 'aria-label': words.close }}>
      <form onSubmit={submit} className="stack">
        <Textarea
          data-autofocus
          label={more.keys.key}
          description={more.keys.keyText}
          rows={5}
          spellCheck={false}
          autoComplete="off"
          maxLength={10_000}
          classNames={{ input: 'key' }}
          value={key}
          error={secret ? more.refusedKey.private : refusal}
          onChange={(event) => {
            add.reset();
            setKey(event.currentTarget.value);
          }}
        />
        <Refused error={undefined} />
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <OnlineButton type="submit" disabled={Boolean(lacks)} loading={add.isPending}>
            {more.keys.addNow}
          </OnlineButton>
        </div>
      </form>
    </Modal>
  );
}

/** The reason in the reader's language, or in the service's English if the portal does not know it. */
function useKeyRefusal(error: unknown): string | undefined {
  const { refusedKey } = useAdministrationWords();
  const other = useRefusal(error);
  if (!(error instanceof Problem) || error.kind !== 'key-refused') return other;
  return (error.reason && refusedKey[error.reason]) ?? error.message;
}
