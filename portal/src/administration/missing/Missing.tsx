// The discrepancies that last night's reconcile found, and how much it compared.

import '../orders.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { answered } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { Failed } from '../../frame/Failed';
import { Icon } from '../../frame/Icon';
import { Notice } from '../../frame/Notice';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Fetched } from '../Fetched';
import { OnlineButton } from '../OnlineButton';
import { Refresh } from '../Refresh';
import { Slow } from '../Slow';
import { Findings } from './Findings';
import { LastRun } from './LastRun';

const PAGE = 100;

export function MissingPage() {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const asked = useInfiniteQuery({
    queryKey: ['missing'],
    queryFn: ({ pageParam }) =>
      answered(api.GET('/v1/missing', { params: { query: { limit: PAGE, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const reconciled = asked.data?.pages[0]?.reconciled ?? undefined;
  const findings = asked.data?.pages.flatMap((page) => page.findings) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.missing}</h1>
        <Refresh lists={['missing']} />
      </div>
      <Fetched lists={['missing']} />
      <p className="quiet">{more.missing.text}</p>
      {asked.isPending && <Slow />}
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && !findings.length && reconciled && (
        <Notice sign={<Icon name="check" size={28} />} title={more.missing.none}>
          {more.missing.noneText} <When at={reconciled.at} />
        </Notice>
      )}
      {findings.length > 0 && <Findings findings={findings} />}
      {asked.hasNextPage && (
        <OnlineButton variant="default" loading={asked.isFetchingNextPage} onClick={() => asked.fetchNextPage()}>
          {words.more}
        </OnlineButton>
      )}
      {asked.data && <LastRun reconciled={reconciled} />}
    </>
  );
}
