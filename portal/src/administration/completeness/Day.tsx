// One day: what became of its calls, by state and by user, and the list behind each number.

import '../orders.css';
import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { answered, type Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { useApp } from '../../app';
import { PAGE, useDirectory, whole } from '../../calls/directory';
import { When } from '../../calls/When';
import { useComplain } from '../../frame/complain';
import { Failed } from '../../frame/Failed';
import { Icon } from '../../frame/Icon';
import { Notice } from '../../frame/Notice';
import { saveFile } from '../../frame/saveFile';
import { dateOf, isDay } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useLanguage, useWords } from '../../words/words';
import { Fetched } from '../Fetched';
import { Refresh } from '../Refresh';
import { Slow } from '../Slow';
import { Calls } from './Calls';
import { statementOf } from './statement';
import { first, isState, present } from './states';

const FROM = '/administration/completeness/$day';
const LISTS = ['completeness-day', 'completeness-calls'];

export function CompletenessDay() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const { language } = useLanguage();
  const { day } = useParams({ from: FROM });
  const asked = useQuery({
    queryKey: ['completeness-day', day],
    queryFn: () =>
      whole('users', (cursor) =>
        answered(api.GET('/v1/completeness/{day}', { params: { path: { day }, query: { limit: PAGE, cursor } } })),
      ),
    staleTime: 0,
  });
  const unknown = asked.error instanceof Problem && asked.error.kind === 'not-found';
  return (
    <>
      <Link to="/administration/completeness">← {more.completeness.all}</Link>
      <div className="page-head">
        <h1>{isDay(day) ? dateOf(day, language) : <bdi>{day}</bdi>}</h1>
        <Refresh lists={LISTS} />
      </div>
      <Fetched lists={LISTS} />
      {asked.isPending && <Slow />}
      {asked.isError &&
        (unknown ? (
          <Notice title={more.completeness.notCompared}>{more.completeness.noneText}</Notice>
        ) : (
          <Failed error={asked.error} again={asked.refetch} />
        ))}
      {asked.data && <Shown key={day} of={asked.data} />}
    </>
  );
}

function Shown({ of: { day, users } }: { of: Schemas['DayByUser'] }) {
  const { shown, user } = useSearch({ from: FROM });
  const state = isState(shown) ? shown : user ? undefined : first(day);
  return (
    <>
      <States day={day} />
      <ByUser users={users} />
      <Calls day={day} state={state} user={user} />
    </>
  );
}

/** How many calls are in each state. Each number leads to its list. */
function States({ day }: { day: Schemas['DayCompleteness'] }) {
  const words = useWords();
  const { completeness } = useAdministrationWords();
  return (
    <section className="card">
      <div className="card-head">
        <h2>{completeness.whatBecame}</h2>
        <File day={day.day} />
      </div>
      <p className="quiet">
        {day.closedAt ? completeness.closedText : completeness.openText} <When at={day.closedAt ?? day.comparedAt} />
      </p>
      {day.overlapping > 0 && <p className="quiet">{completeness.overlapping(day.overlapping)}</p>}
      <dl className="facts">
        <div>
          <dt>{completeness.calls}</dt>
          <dd className="digits">{day.calls.toLocaleString(words.locale)}</dd>
        </div>
        {day.reported > 0 && (
          <div>
            <dt>{completeness.reported}</dt>
            <dd className="digits">{day.reported.toLocaleString(words.locale)}</dd>
          </div>
        )}
        {present(day).map(({ state, count }) => (
          <div key={state}>
            <dt>{completeness.states[state].title}</dt>
            <dd>
              <Link to={FROM} params={{ day: day.day }} search={{ shown: state }} className="digits">
                {count.toLocaleString(words.locale)}
              </Link>{' '}
              <span className="quiet">{completeness.states[state].text}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Saves the statement as the service has it: a closed one is always the same file. */
function File({ day }: { day: string }) {
  const { api } = useApp();
  const { completeness } = useAdministrationWords();
  const complain = useComplain();
  const save = useMutation({
    mutationFn: () => statementOf(api, day),
    onSuccess: (file) => saveFile(file, `calls-${day}.csv`),
    onError: complain,
  });
  return (
    <Button
      variant="default"
      leftSection={<Icon name="download" />}
      loading={save.isPending}
      onClick={() => save.mutate()}
    >
      {completeness.file}
    </Button>
  );
}

function ByUser({ users }: { users: Schemas['UserCompleteness'][] }) {
  const words = useWords();
  const { completeness } = useAdministrationWords();
  const { nameOf } = useDirectory();
  const { day } = useParams({ from: FROM });
  const number = (count: number) => count.toLocaleString(words.locale);
  const ordered = [...users].sort((one, other) => other.missing - one.missing || other.expected - one.expected);
  return (
    <section className="card">
      <h2>{completeness.byUser}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key */}
      <div className="sideways" tabIndex={0} role="region" aria-label={completeness.byUser}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.column.user}</th>
              <th scope="col" className="number">
                {completeness.calls}
              </th>
              <th scope="col" className="number">
                {completeness.state.stored}
              </th>
              <th scope="col" className="number">
                {completeness.state.expected}
              </th>
              <th scope="col" className="number">
                {completeness.state.missing}
              </th>
            </tr>
          </thead>
          <tbody>
            {ordered.map((user) => (
              <tr key={user.user}>
                <th scope="row">
                  <Link to={FROM} params={{ day }} search={{ user: user.user }}>
                    <bdi>{nameOf(user.user)}</bdi>
                  </Link>
                </th>
                <td className="number">{number(user.calls)}</td>
                <td className="number">{number(user.stored + user.damaged)}</td>
                <td className="number">{number(user.expected)}</td>
                <td className="number">{number(user.missing)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
