// One user, beside the list: rights, activations and groups.

import { Drawer, Switch } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { PAGE, whole } from '../../calls/directory';
import { When } from '../../calls/When';
import { useComplain } from '../../frame/complain';
import { Failed } from '../../frame/Failed';
import { Activations } from '../../me/Activations';
import { useMe } from '../../session/me';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { useGroups } from '../groups/useGroups';
import { Unrecorded } from '../Unrecorded';
import { Administrates } from './Administrates';
import { RecordingState } from './Users';

type User = Schemas['User'];

export function UserDrawer() {
  const words = useWords();
  const more = useAdministrationWords();
  const navigate = useNavigate();
  const { user: id } = useSearch({ from: '/administration/users' });
  const close = () =>
    void navigate({ to: '/administration/users', search: (search) => ({ ...search, user: undefined }) });
  return (
    <Drawer
      opened={id !== undefined}
      onClose={close}
      position="right"
      size={440}
      title={more.users.one}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      {id && <Loaded key={id} id={id} />}
    </Drawer>
  );
}

function Loaded({ id }: { id: string }) {
  const { api } = useApp();
  const user = useQuery({
    queryKey: ['user', id],
    queryFn: () => answered(api.GET('/v1/users/{user}', { params: { path: { user: id } } })),
  });
  if (user.isError) return <Failed error={user.error} again={user.refetch} />;
  return user.data ? <Shown user={user.data} /> : null;
}

function Shown({ user }: { user: User }) {
  const words = useWords();
  return (
    <div className="drawer">
      <h2>
        <bdi>{user.name}</bdi>
      </h2>
      <div>
        <RecordingState recording={user.recording} />
        <Unrecorded reason={user.billedNotRecorded} />
      </div>
      {user.acknowledgedAt && (
        <p className="quiet">
          {words.acknowledge.done} <When at={user.acknowledgedAt} />
        </p>
      )}
      <RightsOf user={user} />
      <Administrates user={user} />
      <Groups user={user} />
      <History id={user.id} />
    </div>
  );
}

function RightsOf({ user }: { user: User }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const complain = useComplain();
  const me = useMe();
  const change = useMutation({
    mutationFn: (change: Partial<Pick<User, 'rights' | 'administrator'>>) =>
      answered(api.PATCH('/v1/users/{user}', { params: { path: { user: user.id } }, body: change })),
    onMutate: (change) => {
      const before = client.getQueryData<User>(['user', user.id]);
      client.setQueryData<User>(['user', user.id], {
        ...user,
        rights: change.rights ?? user.rights,
      });
      return before;
    },
    onSuccess: (user) => {
      client.setQueryData(['user', user.id], user);
      void client.invalidateQueries({ queryKey: ['users'] });
      if (user.id === me.user.id) void client.invalidateQueries({ queryKey: ['me'] });
    },
    onError: (error, _, before) => {
      client.setQueryData(['user', user.id], before);
      complain(error);
    },
  });
  return (
    <fieldset className="switches-list">
      <legend>{more.users.rightsToOwn}</legend>
      {(['listen', 'download', 'annotate'] as const).map((right) => (
        <Switch
          key={right}
          label={words.rights[right]}
          checked={Boolean(user.rights[right])}
          onChange={(event) => change.mutate({ rights: { ...user.rights, [right]: event.currentTarget.checked } })}
        />
      ))}
    </fieldset>
  );
}

function Groups({ user }: { user: User }) {
  const more = useAdministrationWords();
  const lists = [
    [more.users.memberOf, user.groups],
    [more.users.supervises, user.supervises.map(({ group }) => group)],
  ] as const;
  const found = useGroups({ enabled: lists.some(([, groups]) => groups.length > 0) });
  const known = found.data?.pages.flatMap((page) => page.groups) ?? [];
  const nameOf = (group: string) => known.find(({ id }) => id === group)?.name ?? group;
  return lists
    .filter(([, groups]) => groups.length)
    .map(([title, groups]) => (
      <section key={title}>
        <h3>{title}</h3>
        <ul className="plain">
          {groups.map((group) => (
            <li key={group}>
              <Link to="/administration/groups/$group" params={{ group }}>
                <bdi>{nameOf(group)}</bdi>
              </Link>
            </li>
          ))}
        </ul>
      </section>
    ));
}

function History({ id }: { id: string }) {
  const { api } = useApp();
  const words = useWords();
  const asked = useQuery({
    queryKey: ['activations', id],
    queryFn: () =>
      whole('activations', (cursor) =>
        answered(
          api.GET('/v1/users/{user}/activations', { params: { path: { user: id }, query: { limit: PAGE, cursor } } }),
        ),
      ),
    staleTime: 0,
  });
  return (
    <section>
      <h3>{words.me.activations}</h3>
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && <Activations activations={asked.data.activations} />}
    </section>
  );
}
