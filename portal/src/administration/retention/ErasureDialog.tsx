// Erases the recordings of a person: person and reason, preview, confirmation, and the result.

import { Button, Modal, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { useDirectory } from '../../calls/directory';
import { saysWhy } from '../../reason';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { OnlineButton } from '../OnlineButton';
import { Reason } from '../Reason';
import { Refused } from '../Refused';
import { ErasureConfirm } from './ErasureConfirm';
import { ErasureReceipt } from './ErasureReceipt';
import { e164 } from './person';
import { keepTyped } from './typed';

type Erasure = Schemas['Erasure'];

export function ErasureDialog({ ordered, close }: { ordered?: Erasure; close(): void }) {
  const words = useWords();
  const more = useAdministrationWords();
  const [erasure, setErasure] = useState(ordered);
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={ordered ? more.erasures.one : more.erasures.erase}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      {!erasure && <Whose close={close} previewed={setErasure} />}
      {erasure?.state === 'previewed' && (
        <ErasureConfirm erasure={erasure} close={close} anew={() => setErasure(undefined)} />
      )}
      {erasure && erasure.state !== 'previewed' && <ErasureReceipt erasure={erasure} close={close} />}
    </Modal>
  );
}

function Whose({ close, previewed }: { close(): void; previewed(erasure: Erasure): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const { users } = useDirectory();
  const [whose, setWhose] = useState<'counterpart' | 'user'>('counterpart');
  const [typed, setTyped] = useState('');
  const [user, setUser] = useState('');
  const [reason, setReason] = useState('');
  const counterpart = e164(typed);
  const person = whose === 'user' ? user && { user } : counterpart && { counterpart };
  const preview = useMutation({
    mutationFn: (person: { user: string } | { counterpart: string }) =>
      answered(api.POST('/v1/erasures', { body: { ...person, reason: reason.trim() } })),
    onSuccess: (erasure, person) => {
      if ('counterpart' in person) keepTyped(erasure.id, person.counterpart);
      void client.invalidateQueries({ queryKey: ['erasures'] });
      previewed(erasure);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (person) preview.mutate(person);
  };
  const noPerson = whose === 'user' ? more.lacks.user : more.lacks.number;
  const lacks = !person ? noPerson : !saysWhy(reason) && more.lacks.reason;
  return (
    <form onSubmit={submit} className="stack">
      <NativeSelect
        label={more.erasures.whose}
        value={whose}
        onChange={(event) => setWhose(event.currentTarget.value === 'user' ? 'user' : 'counterpart')}
        data={(['counterpart', 'user'] as const).map((value) => ({ value, label: more.erasures[value] }))}
      />
      {whose === 'user' ? (
        <NativeSelect
          label={more.access.user}
          value={user}
          onChange={(event) => setUser(event.currentTarget.value)}
          data={[
            { value: '', label: more.erasures.pick },
            ...users.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
      ) : (
        <TextInput
          data-autofocus
          label={more.erasures.number}
          description={more.erasures.numberText}
          inputMode="tel"
          autoComplete="off"
          maxLength={40}
          value={typed}
          error={typed.length > 6 && !counterpart && more.erasures.noNumber}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      )}
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
