// The calls page: the search box, the rows, and the open call beside them.

import './calls.css';
import { Button, Tooltip } from '@mantine/core';
import { Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { useApp } from '../app';
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
import { readFilters } from './filters';
import { focusPanel, giveBack } from './focus';
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
  const openFirst = useOpenFirst(pages, scroller, id);
  useKeys({ r: refresh });
  usePlayWhenThere(id);
  useFocusBack(id);
  useEffect(() => void import('./Call'), []); // loads the panel's code, so that the first call opens at once

  return (
    <div className={id ? 'calls-page with-panel' : 'calls-page'}>
      {/* Outside the list, which is hidden when the call takes the whole page. */}
      <h1 className="unseen">{words.nav.calls}</h1>
      <section className="list">
        <div className="toolbar">
          <SearchBox openFirst={openFirst} />
          <div className="tools">
            <FilterForm />
            <SavedSearches />
            <ColumnsMenu hidden={hidden} change={setHidden} />
            <Export filters={filters} />
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
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key */}
        <div ref={scroller} className="rows" tabIndex={0} role="region" aria-label={words.search.results}>
          <Rows pages={pages} hidden={hidden} see={see} scroller={scroller} />
        </div>
      </section>
      <Outlet />
    </div>
  );
}

/** Opens the first call once the latest search is answered, and plays it if space was pressed. */
function useOpenFirst(pages: CallPages, scroller: RefObject<HTMLDivElement | null>, id?: string): () => void {
  const navigate = useNavigate();
  const { player } = useApp();
  const [waits, setWaits] = useState(false);
  const plays = useRef(false);
  const opening = useRef<string>(undefined);
  const keep = () => {
    plays.current = true;
    player.wanted = opening.current; // the router has not opened it yet
  };
  useKeys(waits ? { Space: keep } : {});
  const isAnswered = !pages.starting && JSON.stringify(pages.asked.filters) === JSON.stringify(ofTheAddress());
  const first = isAnswered ? pages.row(0)?.id : undefined;
  useEffect(() => {
    if (!waits || !isAnswered) return;
    if (!first || id === first) setWaits(false);
    if (!first) return giveBack();
    if (opening.current) return;
    opening.current = first;
    if (plays.current) player.wanted = first;
    navigate({ to: '/calls/$id', params: { id: first }, search: (search) => search });
  }, [waits, isAnswered, first, id, navigate, player]);
  return () => {
    focusPanel();
    scroller.current?.focus({ preventScroll: true }); // out of the box, in which space types a space
    plays.current = false;
    opening.current = undefined;
    setWaits(true);
  };
}

/** The latest chosen filters. The page follows the address, and may lag behind it. */
function ofTheAddress() {
  return readFilters(Object.fromEntries(new URLSearchParams(location.search)));
}

/** Stores a space pressed while the panel loads. The player then starts when it appears. */
function usePlayWhenThere(id: string | undefined) {
  const { player } = useApp();
  const keep = () => {
    if (!document.querySelector('.panel .player')) player.wanted = id;
  };
  useKeys(id ? { Space: keep } : {});
  useEffect(
    () => () => {
      if (player.wanted === id) player.wanted = undefined;
    },
    [id, player],
  );
}

function useFocusBack(id: string | undefined) {
  const last = useRef(id);
  useEffect(() => {
    if (last.current && !id) giveBack(last.current);
    last.current = id;
  }, [id]);
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

/** The number of rows so far and their age, announced to screen readers. */
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
