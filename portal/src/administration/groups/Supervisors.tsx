// The supervisors, who hear the group's calls. A temporary supervision has a start and an end.

import { Button, Checkbox, Modal, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { useDirectory } from '../../calls/directory';
import { When } from '../../calls/When';
import { useComplain } from '../../frame/complain';
import { useOfferUndo } from '../../frame/undo';
import { dayOf, shifted, startOf } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { inRow } from '../../words/inRow';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';

type GroupShown = Schemas['Group'];
type Supervisor = GroupShown['supervisors'][number];

const RIGHTS = ['listen', 'download', 'annotate'] as const;

export function Supervisors({ group }: { group: GroupShown }) {
  const more = useAdministrationWords();
  const [editing, setEditing] = useState<Supervisor | 'new'>();
  return (
    <section className="card">
      <h2>
        {more.groups.supervisors} <span className="count">{group.supervisors.length}</span>
      </h2>
      {!group.supervisors.length && <p className="quiet">{more.groups.noSupervisors}</p>}
      <ul className="plain">
        {group.supervisors.map((supervisor) => (
          <Row key={supervisor.user} group={group.id} supervisor={supervisor} edit={() => setEditing(supervisor)} />
        ))}
      </ul>
      <Button variant="default" onClick={() => setEditing('new')}>
        {more.groups.addSupervisor}
      </Button>
      {editing && (
        <EditDialog
          group={group}
          supervisor={editing === 'new' ? undefined : editing}
          close={() => setEditing(undefined)}
        />
      )}
    </section>
  );
}

function Row({ group, supervisor, edit }: { group: string; supervisor: Supervisor; edit(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const { nameOf } = useDirectory();
  const complain = useComplain();
  const client = useQueryClient();
  const { user, from, to, holds, rights } = supervisor;
  const offer = useOfferUndo();
  const params = { path: { group, user } };
  const shown = () => client.invalidateQueries({ queryKey: ['group', group] });
  const body = { rights, from: from ?? null, to: to ?? null };
  const again = () =>
    answered(api.PUT('/v1/groups/{group}/supervisors/{user}', { params, body })).then(shown, complain);
  const end = useMutation({
    mutationFn: () => answered(api.DELETE('/v1/groups/{group}/supervisors/{user}', { params })),
    onSuccess: () => {
      offer(more.groups.ended(nameOf(user)), () => void again());
      return shown();
    },
    onError: complain,
  });
  return (
    <li className="supervisor">
      <div>
        <strong>
          <bdi>{nameOf(user)}</bdi>
        </strong>{' '}
        <span className="tag">{holds ? more.groups.holds : more.groups.holdsNot}</span>
        <p className="quiet">
          {inRow(RIGHTS.filter((right) => rights[right]).map((right) => words.rights[right]))}
          {from && (
            <>
              {' · '}
              {words.since} <When at={from} />
            </>
          )}
          {to && (
            <>
              {' · '}
              {words.until} <When at={to} />
            </>
          )}
        </p>
      </div>
      <div className="tools">
        <Button size="compact-sm" variant="subtle" onClick={edit} aria-label={`${words.change} ${nameOf(user)}`}>
          {words.change}
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          loading={end.isPending}
          onClick={() => end.mutate()}
          aria-label={`${more.groups.end} ${nameOf(user)}`}
        >
          {more.groups.end}
        </Button>
      </div>
    </li>
  );
}

function EditDialog({ group, supervisor, close }: { group: GroupShown; supervisor?: Supervisor; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const { users } = useDirectory();
  const complain = useComplain();
  const client = useQueryClient();
  const [user, setUser] = useState(supervisor?.user ?? '');
  const [rights, setRights] = useState<Schemas['Rights']>(
    supervisor?.rights ?? { listen: true, download: true, annotate: true },
  );
  const [from, setFrom] = useState(supervisor?.from ? dayOf(new Date(supervisor.from)) : '');
  const [to, setTo] = useState(supervisor?.to ? shifted(dayOf(new Date(supervisor.to)), -1) : '');
  const put = useMutation({
    mutationFn: () => {
      const body = {
        rights,
        from: from ? startOf(from).toISOString() : null,
        to: to ? startOf(shifted(to, 1)).toISOString() : null,
      };
      return answered(
        api.PUT('/v1/groups/{group}/supervisors/{user}', { params: { path: { group: group.id, user } }, body }),
      );
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['group', group.id] });
      close();
    },
    onError: complain,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    put.mutate();
  };
  const others = users.filter(({ id }) => !group.supervisors.some((other) => other.user === id));
  const backwards = Boolean(from && to && to < from);
  const noRight = !RIGHTS.some((right) => rights[right]);
  const lacks = !user ? more.lacks.user : backwards ? more.groups.backwards : noRight && more.lacks.right;
  return (
    <Modal
      opened
      onClose={close}
      title={supervisor ? more.groups.supervision : more.groups.addSupervisor}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      <form onSubmit={submit} className="stack">
        {!supervisor && (
          <NativeSelect
            data-autofocus
            label={more.groups.supervisor}
            value={user}
            onChange={(event) => setUser(event.currentTarget.value)}
            data={[
              { value: '', label: more.groups.pick },
              ...others.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
        )}
        <fieldset className="switches-list">
          <legend>{more.users.rights}</legend>
          {RIGHTS.map((right) => (
            <Checkbox
              key={right}
              label={words.rights[right]}
              checked={Boolean(rights[right])}
              onChange={(event) => setRights({ ...rights, [right]: event.currentTarget.checked })}
            />
          ))}
        </fieldset>
        <div className="two">
          <TextInput
            type="date"
            label={more.groups.from}
            value={from}
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
          <TextInput
            type="date"
            label={more.groups.to}
            value={to}
            error={backwards && more.groups.backwards}
            onChange={(event) => setTo(event.currentTarget.value)}
          />
        </div>
        <p className="quiet">{more.groups.supervisionText}</p>
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <Button type="submit" disabled={Boolean(lacks)} loading={put.isPending}>
            {words.save}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
