// The calls of a day in one state, or of one user; missing ones can be explained.

import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { useDirectory } from '../../calls/directory';
import { When } from '../../calls/When';
import { useWho } from '../../calls/who';
import { Failed } from '../../frame/Failed';
import { nobody } from '../../phone';
import { useWritten } from '../../session/me';
import { length } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { age } from '../age';
import { OnlineButton } from '../OnlineButton';
import { Slow } from '../Slow';
import { Explain } from './Explain';
import type { State } from './states';

const PAGE = 100;

type Line = Schemas['AccountedCall'];

export function Calls({
  day: { day },
  state,
  user,
}: {
  day: Schemas['DayCompleteness'];
  state: State | undefined;
  user: string | undefined;
}) {
  const { api } = useApp();
  const words = useWords();
  const { completeness } = useAdministrationWords();
  const { nameOf } = useDirectory();
  const [explaining, explain] = useState<Line>();
  const asked = useInfiniteQuery({
    queryKey: ['completeness-calls', day, state, user],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET('/v1/completeness/{day}/calls', {
          params: { path: { day }, query: { state, user, limit: PAGE, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const calls = asked.data?.pages.flatMap((page) => page.calls) ?? [];
  const title = state ? completeness.states[state].title : completeness.calls;
  return (
    <section className="card">
      <h2>
        {title}
        {user && (
          <>
            {', '}
            <bdi>{nameOf(user)}</bdi>
          </>
        )}
      </h2>
      {asked.isPending && <Slow />}
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && !calls.length && !asked.hasNextPage && <p>{completeness.noCalls}</p>}
      {calls.length > 0 && <Table label={title} calls={calls} explain={explain} />}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => asked.fetchNextPage()}>
          {words.more}
        </Button>
      )}
      {explaining && <Explain day={day} call={explaining} close={() => explain(undefined)} />}
    </section>
  );
}

function Table({ label, calls, explain }: { label: string; calls: Line[]; explain(call: Line): void }) {
  const words = useWords();
  const { completeness } = useAdministrationWords();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.column.when}</th>
            <th scope="col">{words.column.user}</th>
            <th scope="col">{words.column.counterpart}</th>
            <th scope="col">{words.column.length}</th>
            <th scope="col">{completeness.what}</th>
            <th scope="col">{completeness.explanation}</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <Row key={call.id} call={call} explain={() => explain(call)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ call, explain }: { call: Line; explain(): void }) {
  const words = useWords();
  const { completeness } = useAdministrationWords();
  const { nameOf } = useDirectory();
  const written = useWritten();
  const who = useWho();
  const { counterpart, explanation } = call;
  return (
    <tr>
      <th scope="row">
        <Started call={call} />
      </th>
      <td>
        <bdi>{nameOf(call.user)}</bdi>
      </td>
      <td>{counterpart && (nobody(counterpart, words) ?? <bdi>{written(counterpart)}</bdi>)}</td>
      <td className="digits">{call.callId && length(call.durationMs)}</td>
      <td className="reason">
        <Outcome call={call} />
      </td>
      <td className="reason">
        {explanation && (
          <p dir="auto">
            {explanation.text}{' '}
            <span className="quiet">
              <bdi>{who(explanation.by)}</bdi>, <When at={explanation.at} />
            </span>
          </p>
        )}
        {call.state === 'missing' && (
          <OnlineButton variant="default" size="compact-sm" onClick={explain}>
            {explanation ? completeness.explainAgain : completeness.explain}
          </OnlineButton>
        )}
      </td>
    </tr>
  );
}

/** The start of the call, as a link if its recording exists. */
function Started({ call: { startedAt, recording, callId } }: { call: Line }) {
  const { completeness } = useAdministrationWords();
  if (recording)
    return (
      <Link to="/calls/$id" params={{ id: recording }} search={{}}>
        <When at={startedAt} />
      </Link>
    );
  return (
    <>
      {!callId && `${completeness.before} `}
      <When at={startedAt} />
    </>
  );
}

/** The state of the call in words, and why. */
function Outcome({ call }: { call: Line }) {
  const words = useWords();
  const { completeness } = useAdministrationWords();
  const { state, reason, calls, ageSeconds, recording, registeredAt, overlaps } = call;
  const reasons: Record<string, string> = completeness.reasons;
  return (
    <>
      {calls > 1 ? completeness.several(calls) : completeness.states[state].title}
      {reason && <p className="quiet">{reasons[reason] ?? reason}</p>}
      {ageSeconds != null && <p className="quiet">{completeness.waited(age(ageSeconds, words.locale))}</p>}
      {overlaps && <p className="quiet">{completeness.overlaps}</p>}
      {recording && !registeredAt && <p className="quiet">{completeness.cameSince}</p>}
    </>
  );
}
