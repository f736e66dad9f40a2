// One recording group: its members and its supervisors, with their period and rights.

import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { paged } from '../../calls/directory';
import { useComplain } from '../../frame/complain';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { Members } from './Members';
import { Supervisors } from './Supervisors';

type GroupShown = Schemas['Group'];

export function Group() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const { group: id } = useParams({ from: '/administration/groups/$group' });
  const group = useQuery({
    queryKey: ['group', id],
    queryFn: () => answered(api.GET('/v1/groups/{group}', { params: { path: { group: id } } })),
    staleTime: 0,
  });
  const members = useQuery({
    queryKey: ['members', id],
    queryFn: () =>
      paged((cursor) =>
        answered(
          api.GET('/v1/groups/{group}/members', { params: { path: { group: id }, query: { limit: 1000, cursor } } }),
        ).then((page) => ({
          ...page,
          rows: page.members,
        })),
      ),
    staleTime: 0,
  });
  const failed = group.error ?? members.error;
  return (
    <>
      <p>
        <Link to="/administration/groups">← {more.administration.groups}</Link>
      </p>
      {failed && <Failed error={failed} again={() => void Promise.all([group.refetch(), members.refetch()])} />}
      {group.data && members.data && (
        <>
          <Head group={group.data} members={members.data.length} />
          <Members group={id} members={members.data} />
          <Supervisors group={group.data} />
        </>
      )}
    </>
  );
}

function Head({ group, members }: { group: GroupShown; members: number }) {
  const more = useAdministrationWords();
  const [renaming, setRenaming] = useState(false);
  const [removing, setRemoving] = useState(false);
  return (
    <div className="page-head">
      <h1>
        <bdi>{group.name}</bdi>
      </h1>
      <div className="tools">
        <Button variant="default" onClick={() => setRenaming(true)}>
          {more.groups.rename}
        </Button>
        <Button variant="default" color="red" onClick={() => setRemoving(true)}>
          {more.groups.remove}
        </Button>
      </div>
      {renaming && <Rename group={group} close={() => setRenaming(false)} />}
      {removing && <Remove group={group} members={members} close={() => setRemoving(false)} />}
    </div>
  );
}

function Rename({ group, close }: { group: GroupShown; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const complain = useComplain();
  const [name, setName] = useState(group.name);
  const rename = useMutation({
    mutationFn: () =>
      answered(api.PUT('/v1/groups/{group}', { params: { path: { group: group.id } }, body: { name: name.trim() } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['group', group.id] });
      close();
    },
    onError: complain,
  });
  const lacks = !name.trim() && more.lacks.name;
  return (
    <Modal opened onClose={close} title={more.groups.rename} closeButtonProps={{ 'aria-label': words.close }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate();
        }}
      >
        <TextInput
          data-autofocus
          label={more.groups.name}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <Button type="submit" disabled={Boolean(lacks)} loading={rename.isPending}>
            {words.save}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** Removes a group. Its supervisors lose access, so the user types the number of members first. */
function Remove({ group, members, close }: { group: GroupShown; members: number; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const complain = useComplain();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const remove = useMutation({
    mutationFn: () => answered(api.DELETE('/v1/groups/{group}', { params: { path: { group: group.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['groups'] });
      void navigate({ to: '/administration/groups' });
    },
    onError: complain,
  });
  const lacksCount = typed.trim() !== String(members) && more.typeNumberOfMembers(members);
  return (
    <Modal opened onClose={close} title={more.groups.remove} closeButtonProps={{ 'aria-label': words.close }}>
      <p>{more.groups.removeText(members, group.supervisors.length)}</p>
      <TextInput
        data-autofocus
        label={more.typeNumberOfMembers(members)}
        inputMode="numeric"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <div className="dialog-foot">
        <Lacks what={lacksCount} />
        <Button variant="default" onClick={close}>
          {words.cancel}
        </Button>
        <Button color="red" disabled={Boolean(lacksCount)} loading={remove.isPending} onClick={() => remove.mutate()}>
          {more.groups.removeNow}
        </Button>
      </div>
    </Modal>
  );
}
