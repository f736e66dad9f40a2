import { Button, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { useWho } from '../../calls/who';
import { Icon } from '../../frame/Icon';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OnlineButton } from '../OnlineButton';
import { Refused } from '../Refused';
import { AddKey } from './AddKey';

type Key = Schemas['SftpKey'];

/** The organisation's SFTP keys. */
export function Keys({ keys }: { keys: Key[] }) {
  const more = useAdministrationWords();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Key>();
  return (
    <section className="card">
      <div className="card-head">
        <h2>
          {more.keys.title} <span className="count">{keys.length}</span>
        </h2>
        <OnlineButton leftSection={<Icon name="plus" />} onClick={() => setAdding(true)}>
          {more.keys.add}
        </OnlineButton>
      </div>
      {!keys.length && <p>{more.keys.none}</p>}
      <ul className="plain">
        {keys.map((key) => (
          <Row key={key.id} sftpKey={key} remove={() => setRemoving(key)} />
        ))}
      </ul>
      {adding && <AddKey close={() => setAdding(false)} />}
      {removing && <RemoveKey sftpKey={removing} close={() => setRemoving(undefined)} />}
    </section>
  );
}

function Row({ sftpKey, remove }: { sftpKey: Key; remove(): void }) {
  const words = useWords();
  const more = useAdministrationWords();
  const who = useWho();
  const { key, fingerprint, comment, addedBy, addedAt, changedAt, active } = sftpKey;
  return (
    <li className="supervisor">
      <div className="key">
        <strong>
          <bdi>{comment || more.keys.noComment}</bdi>
        </strong>{' '}
        <span className="tag">{key.split(' ')[0]}</span>
        {!active && <span className="tag tag-bad">{more.keys.inactive}</span>}
        <p>
          <code>{fingerprint}</code>
        </p>
        <p className="quiet">
          {more.keys.added} <When at={addedAt} /> · <bdi>{who(addedBy)}</bdi> · {more.keys.changed}{' '}
          <When at={changedAt} />
        </p>
      </div>
      <OnlineButton
        size="compact-sm"
        variant="subtle"
        color="red"
        onClick={remove}
        aria-label={`${words.remove} ${comment || fingerprint}`}
      >
        {words.remove}
      </OnlineButton>
    </li>
  );
}

function RemoveKey({ sftpKey, close }: { sftpKey: Key; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      answered(api.DELETE('/v1/sftp/keys/{fingerprint}', { params: { path: { fingerprint: sftpKey.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['sftp'] });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title={more.keys.removeTitle} closeButtonProps={{ 'aria-label': words.close }}>
      <div className="stack">
        <p>
          <strong>
            <bdi>{sftpKey.comment || more.keys.noComment}</bdi>
          </strong>{' '}
          <code className="key">{sftpKey.fingerprint}</code>
        </p>
        <p className="warn">{more.keys.removeText}</p>
        <Refused error={remove.error} />
        <div className="dialog-foot">
          <Button variant="default" onClick={close} data-autofocus>
            {words.cancel}
          </Button>
          <OnlineButton color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {words.remove}
          </OnlineButton>
        </div>
      </div>
    </Modal>
  );
}
