// The organisation's users. Recording is switched on and off for one or many of them.

import { Button, Checkbox, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { Failed } from '../../frame/Failed';
import { Icon } from '../../frame/Icon';
import { Notice } from '../../frame/Notice';
import { useWritten } from '../../session/me';
import { useAdministrationWords } from '../../words/administration/words';
import { inRow } from '../../words/inRow';
import { useWords } from '../../words/words';
import { Unrecorded } from '../Unrecorded';
import { Switching } from './Switching';
import { UserDrawer } from './UserDrawer';

const PAGE = 100;
const MOST = 1000;

type User = Schemas['User'];

export function Users() {
  const words = useWords();
  const more = useAdministrationWords();
  const { q } = useSearch({ from: '/administration/users' });
  const [chosen, setChosen] = useState<string[]>([]);
  const [order, setOrder] = useState<boolean>();
  const found = useUsers(q);
  const users = found.data?.pages.flatMap((page) => page.users) ?? [];
  const toggle = (user: string) =>
    setChosen(chosen.includes(user) ? chosen.filter((other) => other !== user) : [...chosen, user]);
  const lacks = !chosen.length ? more.lacks.chosen : chosen.length > MOST ? more.lacks.fewer(MOST) : undefined;
  const all = users.length > 0 && users.every(({ id }) => chosen.includes(id));
  return (
    <>
      <h1>{more.administration.users}</h1>
      <div className="toolbar">
        <Find />
        <div className="tools">
          <span role="status" className="quiet">
            {chosen.length ? more.users.chosen(chosen.length) : ''}
          </span>
          <Button disabled={Boolean(lacks)} title={lacks} onClick={() => setOrder(true)}>
            {more.users.activate}
          </Button>
          <Button variant="default" disabled={Boolean(lacks)} title={lacks} onClick={() => setOrder(false)}>
            {more.users.deactivate}
          </Button>
        </div>
      </div>
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {found.isSuccess && !users.length && <Notice title={more.users.none}>{q ? more.users.noneFound : ''}</Notice>}
      {users.length > 0 && (
        <div className="sideways" tabIndex={-1}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">
                  <Checkbox
                    aria-label={more.users.chooseAll}
                    checked={all}
                    indeterminate={!all && chosen.length > 0}
                    onChange={() => setChosen(all ? [] : users.map(({ id }) => id))}
                  />
                </th>
                <th scope="col">{more.users.name}</th>
                <th scope="col">{more.users.phone}</th>
                <th scope="col">{more.users.plan}</th>
                <th scope="col">{more.users.recording}</th>
                <th scope="col">{more.users.rights}</th>
              </tr>
            </thead>
            <tbody>
              {users.map((user) => (
                <Row key={user.id} user={user} chosen={chosen.includes(user.id)} toggle={() => toggle(user.id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {words.more}
        </Button>
      )}
      {order !== undefined && (
        <Switching
          users={chosen}
          active={order}
          close={(done) => {
            setOrder(undefined);
            if (done) setChosen([]);
          }}
        />
      )}
      <UserDrawer />
    </>
  );
}

function useUsers(q: string | undefined) {
  const { api } = useApp();
  return useInfiniteQuery({
    queryKey: ['users', q ?? ''],
    queryFn: ({ pageParam }) =>
      answered(api.GET('/v1/users', { params: { query: { q: q || undefined, limit: PAGE, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    placeholderData: (before) => before,
  });
}

function Find() {
  const more = useAdministrationWords();
  const { q } = useSearch({ from: '/administration/users' });
  const navigate = useNavigate();
  const find = useDebouncedCallback(
    (q: string) => void navigate({ to: '/administration/users', search: { q: q || undefined }, replace: true }),
    250,
  );
  return (
    <TextInput
      className="grow"
      type="search"
      aria-label={more.users.find}
      placeholder={more.users.find}
      leftSection={<Icon name="search" />}
      defaultValue={q ?? ''}
      maxLength={100}
      onChange={(event) => find(event.currentTarget.value.trim())}
    />
  );
}

function Row({ user, chosen, toggle }: { user: User; chosen: boolean; toggle(): void }) {
  const words = useWords();
  const written = useWritten();
  const more = useAdministrationWords();
  const navigate = useNavigate();
  const rights = (['listen', 'download', 'annotate'] as const).filter((right) => user.rights[right]);
  return (
    <tr className={chosen ? 'chosen' : undefined}>
      <td>
        <Checkbox aria-label={`${more.users.choose} ${user.name}`} checked={chosen} onChange={toggle} />
      </td>
      <th scope="row">
        <button
          type="button"
          className="text-button"
          onClick={() => navigate({ to: '/administration/users', search: (search) => ({ ...search, user: user.id }) })}
        >
          <bdi>{user.name}</bdi>
        </button>
        {user.administrator && <span className="tag">{more.users.administrator}</span>}
      </th>
      <td className="digits">
        {user.phone && written(user.phone)}
        {user.phone && user.extension && ', '}
        {user.extension}
      </td>
      <td>{user.plan ? more.plan[user.plan] : '–'}</td>
      <td>
        <RecordingState recording={user.recording} />
        <Unrecorded reason={user.billedNotRecorded} />
      </td>
      <td className="unbroken">{inRow(rights.map((right) => words.rights[right])) || '–'}</td>
    </tr>
  );
}

/** Whether the user is recorded, or what is missing. Colour is never the only sign. */
export function RecordingState({ recording }: { recording: Schemas['RecordingStatus'] }) {
  const more = useAdministrationWords();
  return (
    <span className="standing-tag" data-standing={recording}>
      <span aria-hidden="true">{recording === 'recorded' ? '●' : recording === 'not-acknowledged' ? '◐' : '○'}</span>{' '}
      {more.standing[recording]}
    </span>
  );
}
