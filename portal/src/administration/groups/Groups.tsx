// The recording groups, which decide whose calls a supervisor hears. Their number has no limit.

import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered } from '../../api/client';
import { useApp } from '../../app';
import { useDirectory } from '../../calls/directory';
import { Failed, useErrorText } from '../../frame/Failed';
import { Icon } from '../../frame/Icon';
import { Notice } from '../../frame/Notice';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { named } from '../named';
import { useGroups } from './useGroups';

export function Groups() {
  const words = useWords();
  const more = useAdministrationWords();
  const { nameOf } = useDirectory();
  const [creating, setCreating] = useState(false);
  const found = useGroups({ staleTime: 0 });
  const groups = found.data?.pages.flatMap((page) => page.groups) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.groups}</h1>
        <Button leftSection={<Icon name="plus" />} onClick={() => setCreating(true)}>
          {more.groups.create}
        </Button>
      </div>
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {found.isSuccess && !groups.length && <Notice title={more.groups.none}>{more.groups.noneText}</Notice>}
      {groups.length > 0 && (
        <div className="sideways" tabIndex={-1}>
          <table className="table table-few">
            <thead>
              <tr>
                <th scope="col">{more.groups.name}</th>
                <th scope="col">{more.groups.supervisors}</th>
              </tr>
            </thead>
            <tbody>
              {groups.map((group) => (
                <tr key={group.id}>
                  <th scope="row">
                    <Link to="/administration/groups/$group" params={{ group: group.id }}>
                      <bdi>{group.name}</bdi>
                    </Link>
                  </th>
                  <td>
                    {group.supervisors.map(({ user }) => (
                      <bdi key={user} className="name">
                        {nameOf(user)}
                      </bdi>
                    ))}
                    {!group.supervisors.length && '–'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && (
        <Button variant="default" onClick={() => found.fetchNextPage()}>
          {words.more}
        </Button>
      )}
      <Create shown={creating} close={() => setCreating(false)} taken={groups.map(({ id }) => id)} />
    </>
  );
}

function Create({ shown, close, taken }: { shown: boolean; close(): void; taken: string[] }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: async () => {
      const group = named(name, taken);
      await answered(api.PUT('/v1/groups/{group}', { params: { path: { group } }, body: { name: name.trim() } }));
      return group;
    },
    onSuccess: (group) => {
      void client.invalidateQueries({ queryKey: ['groups'] });
      close();
      setName('');
      void navigate({ to: '/administration/groups/$group', params: { group } });
    },
  });
  const { title } = useErrorText(create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) create.mutate();
  };
  const lacks = !name.trim() && more.lacks.name;
  return (
    <Modal opened={shown} onClose={close} title={more.groups.create} closeButtonProps={{ 'aria-label': words.close }}>
      <form onSubmit={submit}>
        <TextInput
          data-autofocus
          label={more.groups.name}
          description={more.groups.nameText}
          maxLength={100}
          value={name}
          error={create.isError && title}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <div className="dialog-foot">
          <Lacks what={lacks} />
          <Button variant="default" onClick={close}>
            {words.cancel}
          </Button>
          <Button type="submit" disabled={Boolean(lacks)} loading={create.isPending}>
            {more.groups.createNow}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
