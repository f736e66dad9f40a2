// The audit log: actions and denials with actor and resource, filtered, and as a file.

import { Button, NativeSelect, Switch, TextInput } from '@mantine/core';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type AuditQuery, answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { useDirectory } from '../../calls/directory';
import { When } from '../../calls/When';
import { useWho } from '../../calls/who';
import { useComplain } from '../../frame/complain';
import { Failed } from '../../frame/Failed';
import { Icon } from '../../frame/Icon';
import { Notice } from '../../frame/Notice';
import { saveFile } from '../../frame/saveFile';
import { type Cell, spreadsheet } from '../../frame/spreadsheet';
import type { AuditSearch } from '../../router';
import { dayOf, isDay, shifted, startOf } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { shownDetail } from './detail';

const PAGE = 100;
const PAGE_OF_FILE = 1000;

type Action = Schemas['AuditAction'];
type Labels = Record<Action, string>;

export function Audit() {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const actions = useActionLabels();
  const search = useSearch({ from: '/administration/audit' });
  const asked = useInfiniteQuery({
    queryKey: ['audit', search],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET('/v1/audit', { params: { query: { ...query(search, actions), limit: PAGE, cursor: pageParam } } }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const events = asked.data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.audit}</h1>
        <File search={search} />
      </div>
      <Narrow />
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.isSuccess && !events.length && !asked.hasNextPage && <Notice title={more.audit.none} />}
      {events.length > 0 && <Events events={events} />}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => asked.fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </>
  );
}

/** The API's query. Drops an unknown action, so that an old link still finds something. */
function query({ actor, action, resource, recording, denied, from, to }: AuditSearch, actions: Labels): AuditQuery {
  return {
    actor,
    action: isAction(action, actions) ? action : undefined,
    resource,
    recording,
    denied: denied && true,
    from: from && isDay(from) ? startOf(from).toISOString() : undefined,
    to: to && isDay(to) ? startOf(shifted(to, 1)).toISOString() : undefined,
  };
}

function isAction(name: string | undefined, actions: Labels): name is Action {
  return name !== undefined && Object.hasOwn(actions, name);
}

/** The label of each audit action. */
function useActionLabels(): Labels {
  const words = useWords();
  const { action } = useAdministrationWords();
  return { ...words.action, ...action };
}

function Narrow() {
  const words = useWords();
  const more = useAdministrationWords();
  const actions = useActionLabels();
  const { users } = useDirectory();
  const search = useSearch({ from: '/administration/audit' });
  const navigate = useNavigate();
  const change = (changed: AuditSearch) =>
    void navigate({ to: '/administration/audit', search: { ...search, ...changed }, replace: true });
  return (
    <div className="narrow">
      <NativeSelect
        label={more.audit.actor}
        value={search.actor ?? ''}
        onChange={(event) => change({ actor: event.currentTarget.value || undefined })}
        data={[
          { value: '', label: words.filter.any },
          ...users.map(({ id, name }) => ({ value: `user:${id}`, label: name })),
        ]}
      />
      <NativeSelect
        label={more.audit.action}
        value={search.action ?? ''}
        onChange={(event) => change({ action: event.currentTarget.value || undefined })}
        data={[
          { value: '', label: words.filter.any },
          ...Object.entries(actions).map(([value, label]) => ({ value, label })),
        ]}
      />
      <TextInput
        type="date"
        label={more.groups.from}
        value={search.from ?? ''}
        onChange={(event) => change({ from: event.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={more.groups.to}
        value={search.to ?? ''}
        onChange={(event) => change({ to: event.currentTarget.value || undefined })}
      />
      <Switch
        label={more.audit.onlyRefused}
        checked={search.denied === 'yes'}
        onChange={(event) => change({ denied: event.currentTarget.checked ? 'yes' : undefined })}
      />
    </div>
  );
}

function Events({ events }: { events: Schemas['Event'][] }) {
  const words = useWords();
  const more = useAdministrationWords();
  const actions = useActionLabels();
  const who = useWho();
  const { nameOf } = useDirectory();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={more.administration.audit}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.column.when}</th>
            <th scope="col">{more.audit.actor}</th>
            <th scope="col">{more.audit.action}</th>
            <th scope="col">{more.audit.about}</th>
            <th scope="col">{more.audit.detail}</th>
            <th scope="col">{more.audit.address}</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.requestId + event.action + (event.resource ?? '')}>
              <td>
                <When at={event.at} />
              </td>
              <td>
                <bdi>{who(event.actor)}</bdi>
              </td>
              <td>
                {actions[event.action] ?? event.action}
                {event.denial && <span className="tag tag-bad">{more.audit.refused}</span>}
              </td>
              <td>
                {event.recording ? (
                  <Link to="/calls/$id" params={{ id: event.recording }} search={{}}>
                    {event.recordedUser ? <bdi>{nameOf(event.recordedUser)}</bdi> : words.me.theCall}
                  </Link>
                ) : (
                  event.resource && <bdi>{nameOf(event.resource)}</bdi>
                )}
              </td>
              <td className="detail" dir="auto">
                <Detail event={event} />
              </td>
              <td className="digits">{event.address}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Detail({ event }: { event: Schemas['Event'] }) {
  const { audit } = useAdministrationWords();
  if (event.reason || !event.detail) return event.reason;
  const shown = shownDetail(event.detail, audit.filters);
  return shown === event.detail ? shown : <span title={audit.hashed}>{shown}</span>;
}

/** Downloads every event that the filters match, as a file for a spreadsheet. */
function File({ search }: { search: AuditSearch }) {
  const { api } = useApp();
  const more = useAdministrationWords();
  const actions = useActionLabels();
  const who = useWho();
  const complain = useComplain();
  const { nameOf } = useDirectory();
  const file = useMutation({
    mutationFn: async () => {
      const rows: Cell[][] = [];
      let cursor: string | undefined;
      do {
        const asked = { ...query(search, actions), limit: PAGE_OF_FILE, cursor };
        const page = await answered(api.GET('/v1/audit', { params: { query: asked } }));
        rows.push(...page.events.map((event) => cells(event, who, nameOf, actions, more.audit.filters)));
        cursor = page.cursor ?? undefined;
      } while (cursor);
      return spreadsheet(more.audit.columns, rows);
    },
    onSuccess: (blob) => saveFile(blob, `logg-${dayOf(new Date())}.xlsx`),
    onError: complain,
  });
  return (
    <Button
      variant="default"
      leftSection={<Icon name="download" />}
      loading={file.isPending}
      onClick={() => file.mutate()}
    >
      {more.audit.file}
    </Button>
  );
}

function cells(
  event: Schemas['Event'],
  who: (name: string) => string,
  nameOf: (id: string) => string,
  actions: Labels,
  filters: Parameters<typeof shownDetail>[1],
): Cell[] {
  const at = new Date(event.at);
  return [
    { at, zone: 'Stockholm' },
    { at, zone: 'UTC' },
    who(event.actor),
    event.actor,
    actions[event.action] ?? event.action,
    event.denial ?? '',
    event.recordedUser ? nameOf(event.recordedUser) : '',
    event.resource ?? '',
    event.recording ?? '',
    event.reason ?? '',
    event.detail ? shownDetail(event.detail, filters) : '',
    event.address,
    event.requestId,
  ];
}
