// The calls: one box to find them by, the rows, and beside them the one that is looked at.

import './calls.css';
import { Button, Tooltip } from '@mantine/core';
import { Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useRef, useState } from 'react';
import { Failed } from '../frame/Failed';
import { Icon } from '../frame/Icon';
import { useKeys } from '../frame/keys';
import { Notice } from '../frame/Notice';
import { preferences } from '../preferences';
import { seesCalls, useMe } from '../session/me';
import { clock } from '../time';
import { useLanguage, useWords } from '../words/words';
import { CallTable } from './CallTable';
import { ColumnsMenu } from './ColumnsMenu';
import { type Column, HIDDEN_AT_FIRST } from './columns';
import { Export } from './Export';
import { FilterForm } from './FilterForm';
import { HoldFound } from './HoldFound';
import { type CallPages, useCallPages } from './pages';
import { SavedSearches } from './SavedSearches';
import { SearchBox } from './SearchBox';
import { useFilters } from './useFilters';

export function Calls() {
  const me = useMe();
  const words = useWords();
  if (!seesCalls(me))
    return (
      <Notice page title={words.noRights.title}>
        {words.noRights.text}
      </Notice>
    );
  return <FoundCalls />;
}

function FoundCalls() {
  const words = useWords();
  const { user } = useMe();
  const [filters] = useFilters();
  const navigate = useNavigate();
  const { id } = useParams({ strict: false });
  const [seen, setSeen] = useState({ first: 0, last: 50 });
  const [hidden, setHidden] = useState<Column[]>(
    () => (preferences().hidden as Column[] | undefined) ?? HIDDEN_AT_FIRST,
  );
  const scroller = useRef<HTMLDivElement>(null);
  const pages = useCallPages(filters, seen.first, seen.last);
  const see = useCallback((first: number, last: number) => setSeen({ first, last }), []);

  const refresh = () => {
    scroller.current?.scrollTo({ top: 0 });
    pages.refresh();
  };
  const openFirst = () => {
    const first = pages.row(0);
    if (first) navigate({ to: '/calls/$id', params: { id: first.id }, search: (search) => search });
  };
  useKeys({ r: refresh });

  return (
    <div className={id ? 'calls-page with-panel' : 'calls-page'}>
      <section className="list">
        <h1 className="unseen">{words.nav.calls}</h1>
        <div className="toolbar">
          <SearchBox openFirst={openFirst} />
          <div className="tools">
            <FilterForm />
            <SavedSearches />
            <ColumnsMenu hidden={hidden} change={setHidden} />
            <Export filters={filters} hidden={hidden} />
            {user.administrator && <HoldFound filters={filters} pages={pages} />}
            <Tooltip label={`${words.refresh} (r)`}>
              <Button
                variant="light"
                className="tool"
                leftSection={<Icon name="refresh" />}
                loading={pages.fetching && pages.starting}
                onClick={refresh}
              >
                {words.refresh}
              </Button>
            </Tooltip>
          </div>
        </div>
        <Found pages={pages} />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by key */}
        <div ref={scroller} className="rows" tabIndex={0} role="region" aria-label={words.search.results}>
          <Rows pages={pages} hidden={hidden} see={see} scroller={scroller} />
        </div>
      </section>
      <Outlet />
    </div>
  );
}

function Rows({ pages, ...rest }: Parameters<typeof CallTable>[0]) {
  const words = useWords();
  const [filters, , replace] = useFilters();
  if (pages.error && pages.count === 0) return <Failed error={pages.error} again={pages.retry} />;
  if (pages.count > 0 || pages.more) return <CallTable pages={pages} {...rest} />;
  const narrowed = Object.keys(filters).some((name) => name !== 'order');
  return (
    <Notice
      sign={<Icon name="search" size={28} />}
      title={narrowed ? words.empty.narrowed : words.empty.calls}
      action={
        narrowed && (
          <Button variant="light" onClick={() => replace({})}>
            {words.filter.clear}
          </Button>
        )
      }
    >
      {narrowed ? words.empty.narrowedText : words.empty.callsText}
    </Notice>
  );
}

/** How many there are so far, as of when. Told to who listens to the page, too. */
function Found({ pages }: { pages: CallPages }) {
  const words = useWords();
  const { language } = useLanguage();
  if (pages.error && pages.count > 0) {
    return (
      <p className="found" role="alert">
        {words.failed.rest}{' '}
        <button type="button" className="text-button" onClick={pages.retry}>
          {words.again}
        </button>
      </p>
    );
  }
  return (
    <p className="found" role="status">
      {pages.starting ? words.search.searching : words.search.found(pages.count, pages.more)}
      {!pages.starting && <span> · {words.search.asOf(clock(pages.asked.at, language))}</span>}
    </p>
  );
}
