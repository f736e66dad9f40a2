// Switches recording on or off for the chosen users, after a preview of the users and the cost.

import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { useDirectory } from '../../calls/directory';
import { useComplain } from '../../frame/complain';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { kronor } from '../kronor';
import { Lacks } from '../Lacks';

/** From this many users on, switching off requires the number. */
const MANY = 5;

type Props = { users: string[]; active: boolean; close(done: boolean): void };

export function Switching({ users, active, close }: Props) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const complain = useComplain();
  const [typed, setTyped] = useState('');
  const preview = useQuery({
    queryKey: ['switching', active, users],
    queryFn: () => answered(api.POST('/v1/activations', { body: { users, active, preview: true } })),
    staleTime: 0,
    gcTime: 0,
  });
  const order = useMutation({
    mutationFn: () => answered(api.POST('/v1/activations', { body: { users, active } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['users'] });
      void client.invalidateQueries({ queryKey: ['user'] });
      void client.invalidateQueries({ queryKey: ['me'] });
      close(true);
    },
    onError: complain,
  });
  const changes = preview.data?.changes ?? 0;
  const asksNumber = !active && changes >= MANY;
  const lacks = !changes
    ? more.lacks.change
    : asksNumber && typed.trim() !== String(changes) && more.typeNumber(changes);
  return (
    <Modal
      opened
      onClose={() => close(false)}
      size="lg"
      title={active ? more.users.activate : more.users.deactivate}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      {preview.isError && <Failed error={preview.error} again={preview.refetch} />}
      {preview.data && (
        <>
          <Outcomes switched={preview.data} />
          <Cost cost={preview.data.cost} />
          {preview.data.billedNotRecorded > 0 && (
            <p className="warn">{more.unrecorded.willBe(preview.data.billedNotRecorded)}</p>
          )}
          {!active && changes > 0 && <p className="warn">{more.users.deactivateText}</p>}
          {asksNumber && (
            <TextInput
              label={more.typeNumber(changes)}
              inputMode="numeric"
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          <div className="dialog-foot">
            <Lacks what={lacks} />
            <Button variant="default" onClick={() => close(false)}>
              {words.cancel}
            </Button>
            <Button
              color={active ? undefined : 'red'}
              disabled={Boolean(lacks)}
              loading={order.isPending}
              onClick={() => order.mutate()}
            >
              {active ? more.users.activateNow(changes) : more.users.deactivateNow(changes)}
            </Button>
          </div>
        </>
      )}
    </Modal>
  );
}

/** The users of each outcome, by number and name. */
function Outcomes({ switched }: { switched: Schemas['Switched'] }) {
  const more = useAdministrationWords();
  const { nameOf } = useDirectory();
  const kinds = Map.groupBy(switched.users, ({ outcome }) => outcome);
  return (
    <dl className="outcomes">
      {[...kinds].map(([outcome, users]) => (
        <div key={outcome}>
          <dt>
            {more.outcome[outcome]} <b>{users.length}</b>
          </dt>
          <dd>
            {users.slice(0, 10).map(({ user }) => (
              <bdi key={user} className="name">
                {nameOf(user)}
              </bdi>
            ))}
            {users.length > 10 && more.andMore(users.length - 10)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Cost({ cost }: { cost: Schemas['Switched']['cost'] }) {
  const words = useWords();
  const more = useAdministrationWords();
  if (!cost) return null;
  const shown = (ore: number) => kronor(ore / 100, words.locale);
  return <p className="cost">{more.users.cost(shown(cost.startFeesOre), shown(cost.monthlyOre))}</p>;
}
