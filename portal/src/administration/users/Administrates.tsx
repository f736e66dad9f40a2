// Makes a user an administrator or not. It grants all access, so it asks and can be undone.

import { Button, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { useComplain } from '../../frame/complain';
import { useOfferUndo } from '../../frame/undo';
import { useMe } from '../../session/me';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OnlineButton } from '../OnlineButton';

type User = Schemas['User'];

export function Administrates({ user }: { user: User }) {
  const more = useAdministrationWords();
  const me = useMe();
  const [asked, setAsked] = useState(false);
  const { is, isNot, make, unmake, notOneself } = more.administrator;
  const isOneself = user.id === me.user.id;
  return (
    <section aria-labelledby="administrates">
      <h3 id="administrates">{more.users.administrator}</h3>
      <p className="quiet">{user.administrator ? is : isNot}</p>
      <OnlineButton
        size="xs"
        mt="xs"
        variant="default"
        color={user.administrator ? 'red' : undefined}
        disabled={isOneself}
        title={isOneself ? notOneself : undefined}
        onClick={() => setAsked(true)}
      >
        {user.administrator ? unmake : make}
      </OnlineButton>
      {isOneself && <p className="quiet">{notOneself}</p>}
      {asked && <Asked user={user} close={() => setAsked(false)} />}
    </section>
  );
}

function Asked({ user, close }: { user: User; close(): void }) {
  const words = useWords();
  const more = useAdministrationWords();
  const change = useChange(user);
  const { makeTitle, makeText, makeNow, unmakeTitle, unmakeText, unmakeNow } = more.administrator;
  const { administrator, name } = user;
  return (
    <Modal
      opened
      onClose={close}
      title={administrator ? unmakeTitle(name) : makeTitle(name)}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      <p>{administrator ? unmakeText(name) : makeText(name)}</p>
      <div className="dialog-foot">
        <Button variant="default" data-autofocus onClick={close}>
          {words.cancel}
        </Button>
        <OnlineButton
          color="red"
          loading={change.isPending}
          onClick={() => change.mutate(!administrator, { onSettled: close })}
        >
          {administrator ? unmakeNow(name) : makeNow(name)}
        </OnlineButton>
      </div>
    </Modal>
  );
}

/** Changes the setting, and offers to undo the change. */
function useChange(user: User) {
  const { api } = useApp();
  const { administrator: texts } = useAdministrationWords();
  const client = useQueryClient();
  const complain = useComplain();
  const offer = useOfferUndo();
  const put = (administrator: boolean) =>
    answered(api.PATCH('/v1/users/{user}', { params: { path: { user: user.id } }, body: { administrator } }));
  const show = (changed: User) => {
    client.setQueryData(['user', user.id], changed);
    void client.invalidateQueries({ queryKey: ['users'] });
  };
  return useMutation({
    mutationFn: put,
    onSuccess: (changed, administrator) => {
      show(changed);
      const done = administrator ? texts.made(user.name) : texts.unmade(user.name);
      offer(done, () => void put(!administrator).then(show, complain));
    },
    onError: complain,
  });
}
