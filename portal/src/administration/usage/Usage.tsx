// The stored bytes: today, against the allowance, over time, and by user.

import '../orders.css';
import './usage.css';
import { useQuery } from '@tanstack/react-query';
import { answered } from '../../api/client';
import { useApp } from '../../app';
import { PAGE, whole } from '../../calls/directory';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { Fetched } from '../Fetched';
import { Refresh } from '../Refresh';
import { Slow } from '../Slow';
import { ByUser } from './ByUser';
import { Filled } from './Filled';
import { Trend } from './Trend';

export function UsagePage() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const asked = useQuery({
    queryKey: ['usage'],
    queryFn: () =>
      whole('users', (cursor) => answered(api.GET('/v1/usage', { params: { query: { limit: PAGE, cursor } } }))),
    staleTime: 0,
  });
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.usage}</h1>
        <Refresh lists={['usage']} />
      </div>
      <Fetched lists={['usage']} />
      {asked.isPending && <Slow />}
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && (
        <>
          <Filled usage={asked.data} />
          <Trend days={asked.data.trend} allowance={asked.data.allowanceBytes} />
          <ByUser usage={asked.data} />
        </>
      )}
    </>
  );
}
