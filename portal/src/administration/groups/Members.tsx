import { ActionIcon, Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { useComplain } from '../../frame/complain';
import { Icon } from '../../frame/Icon';
import { useOfferUndo } from '../../frame/undo';
import { useAdministrationWords } from '../../words/administration/words';
import { PickUsers } from './PickUsers';

/** The most users in one request. */
const AT_ONCE = 90;

/** The members, whose calls the group's supervisors reach. */
export function Members({ group, members }: { group: string; members: Schemas['User'][] }) {
  const { api } = useApp();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const complain = useComplain();
  const offer = useOfferUndo();
  const [adding, setAdding] = useState<string[]>([]);
  const change = useMutation({
    mutationFn: (body: Schemas['MembersChange']) =>
      answered(api.POST('/v1/groups/{group}/members', { params: { path: { group } }, body })),
    onSuccess: () => {
      setAdding([]);
      void client.invalidateQueries({ queryKey: ['members', group] });
      void client.invalidateQueries({ queryKey: ['user'] });
    },
    onError: complain,
  });
  return (
    <section className="card">
      <h2>
        {more.groups.members} <span className="count">{members.length}</span>
      </h2>
      <ul className="people">
        {members.map(({ id, name }) => (
          <li key={id}>
            <bdi>{name}</bdi>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={`${more.groups.leave} ${name}`}
              onClick={() =>
                change.mutate(
                  { remove: [id] },
                  { onSuccess: () => offer(more.groups.left(name), () => change.mutate({ add: [id] })) },
                )
              }
            >
              <Icon name="close" size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      {!members.length && <p className="quiet">{more.groups.noMembers}</p>}
      <form
        className="add"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ add: adding });
        }}
      >
        <PickUsers
          label={more.groups.add}
          picked={adding}
          pick={setAdding}
          without={members.map(({ id }) => id)}
          most={AT_ONCE}
        />
        <Button
          type="submit"
          disabled={!adding.length}
          title={adding.length ? undefined : more.lacks.members}
          loading={change.isPending}
        >
          {more.groups.addNow}
        </Button>
      </form>
    </section>
  );
}
