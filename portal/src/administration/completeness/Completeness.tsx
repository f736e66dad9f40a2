// The account of every call, day by day: whether all have come, and how many are missing.

import '../orders.css';
import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { Failed } from '../../frame/Failed';
import { Notice } from '../../frame/Notice';
import { dateOf, dayOf, shifted } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useLanguage, useWords } from '../../words/words';
import { Fetched } from '../Fetched';
import { OrderState } from '../OrderState';
import { Refresh } from '../Refresh';
import { Slow } from '../Slow';
import { missingShare } from './states';

/** Days of one request. */
const DAYS = 31;
/** How far back the page goes: as far as statements are retained, in requests. */
const BACK = 120;

export function CompletenessPage() {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const asked = useInfiniteQuery({
    queryKey: ['completeness'],
    queryFn: ({ pageParam }) => {
      const to = shifted(dayOf(new Date()), -pageParam * DAYS);
      return answered(api.GET('/v1/completeness', { params: { query: { from: shifted(to, 1 - DAYS), to } } }));
    },
    initialPageParam: 0,
    getNextPageParam: (page, _, last) => (page.days.length && last < BACK ? last + 1 : undefined),
    staleTime: 0,
  });
  const days = asked.data?.pages.flatMap((page) => page.days) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.completeness}</h1>
        <Refresh lists={['completeness']} />
      </div>
      <Fetched lists={['completeness']} />
      <p className="quiet">{more.completeness.text}</p>
      {asked.isPending && <Slow />}
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && !days.length && <Notice title={more.completeness.none}>{more.completeness.noneText}</Notice>}
      {days.length > 0 && <Days days={days} />}
      {asked.hasNextPage && (
        <Button variant="default" loading={asked.isFetchingNextPage} onClick={() => asked.fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </>
  );
}

function Days({ days }: { days: Schemas['DayCompleteness'][] }) {
  const more = useAdministrationWords();
  const { completeness } = more;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={completeness.days}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{completeness.day}</th>
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
            <th scope="col">{more.state}</th>
          </tr>
        </thead>
        <tbody>
          {days.map((day) => (
            <Row key={day.day} day={day} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ day }: { day: Schemas['DayCompleteness'] }) {
  const words = useWords();
  const { completeness } = useAdministrationWords();
  const { language } = useLanguage();
  const number = (count: number) => count.toLocaleString(words.locale);
  const share = missingShare(day).toLocaleString(words.locale, { style: 'percent', maximumFractionDigits: 1 });
  return (
    <tr>
      <th scope="row">
        <Link to="/administration/completeness/$day" params={{ day: day.day }} search={{}}>
          {dateOf(day.day, language)}
        </Link>
      </th>
      <td className="number">{number(day.calls)}</td>
      <td className="number">{number(day.stored + day.damaged)}</td>
      <td className="number">{number(day.expected)}</td>
      <td className="number">
        {number(day.missing)}
        {day.missing > 0 && <span className="quiet"> {share}</span>}
      </td>
      <td>
        <OrderState state={day.closedAt ? 'closed' : 'open'} words={completeness.closed} />
        {day.explained > 0 && <p className="quiet">{completeness.explained(day.explained)}</p>}
      </td>
    </tr>
  );
}
