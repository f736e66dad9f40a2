// The calls as a virtual table: only the rows in view are rendered, of up to a hundred thousand.

import { Skeleton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type MouseEvent,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { Recording } from '../api/problem';
import { useKeys } from '../frame/keys';
import { useShort } from '../frame/short';
import { dateAndClock } from '../time';
import { useLanguage, useWords } from '../words/words';
import { type Column, columnName, columns, features } from './columns';
import { focusNext, focusPanel } from './focus';
import type { CallPages } from './pages';

const ROW = 44;
const NARROW_ROW = 68;
/** The reported range changes in steps, so that scrolling by one row causes no request. */
const STEP = 50;

type Props = {
  pages: CallPages;
  hidden: Column[];
  see(first: number, last: number): void;
  scroller: RefObject<HTMLDivElement | null>;
};

export function CallTable({ pages, hidden, see, scroller }: Props) {
  const words = useWords();
  const { id: open } = useParams({ strict: false });
  const narrow = useMediaQuery('(max-width: 40em)') ?? false;
  const count = pages.count + (pages.more ? 1 : 0);
  const { scrolls, margin } = useScrolls(scroller);
  const virtual = useVirtualizer({
    count,
    getScrollElement: scrolls,
    scrollMargin: margin,
    estimateSize: () => (narrow ? NARROW_ROW : ROW),
    overscan: 8,
    initialRect: { width: 0, height: 900 },
  });
  // The screen width decides the height of a row, so a change discards the measurements.
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured again when the screen changes
  useEffect(() => virtual.measure(), [narrow, virtual]);

  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  const [from, to] = [Math.floor(first / STEP) * STEP, Math.ceil((last + 1) / STEP) * STEP];
  useEffect(() => see(from, to), [from, to, see]);

  const seen = items.map(({ index }) => pages.row(index));
  const data = useStable(seen.filter((row) => row !== undefined));
  const visibility = useMemo(() => Object.fromEntries(hidden.map((column) => [column, false])), [hidden]);
  const table = useTable({
    features,
    columns,
    data,
    getRowId: (row) => row.id,
    state: { columnVisibility: visibility },
  });
  const rows = new Map(table.getRowModel().rows.map((row) => [row.original, row]));
  const headers = table.getHeaderGroups()[0]?.headers ?? [];
  useRowKeys(pages, virtual.scrollToIndex, scroller);

  const top = Math.max(0, (items[0]?.start ?? margin) - margin);
  const bottom = virtual.getTotalSize() - ((items.at(-1)?.end ?? margin) - margin);
  return (
    <table
      className="calls"
      role="table"
      aria-label={words.nav.calls}
      aria-rowcount={pages.more ? -1 : pages.count + 1}
      aria-busy={pages.fetching}
    >
      <thead role="rowgroup">
        <tr role="row" aria-rowindex={1}>
          {headers.map(({ id }) => (
            <th key={id} scope="col" role="columnheader" className={`col-${id}`}>
              {columnName(id as Column, words)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        <Spacer height={top} />
        {items.map(({ index }, position) => {
          const recording = seen[position];
          const row = recording && rows.get(recording);
          return (
            <tr
              key={index}
              role="row"
              aria-rowindex={index + 2}
              data-index={index}
              data-id={recording?.id}
              className={recording && recording.id === open ? 'chosen' : undefined}
              onClick={followLink}
            >
              {row
                ? row.getVisibleCells().map((cell) => (
                    <td key={cell.id} role="cell" className={`col-${cell.column.id}`}>
                      {cell.column.id === 'when' ? (
                        <RowLink recording={row.original} open={row.original.id === open}>
                          <table.FlexRender cell={cell} />
                        </RowLink>
                      ) : (
                        <table.FlexRender cell={cell} />
                      )}
                    </td>
                  ))
                : headers.map(({ id }) => (
                    <td key={id} role="cell" className={`col-${id}`}>
                      <Skeleton className="late" height={10} width="70%" />
                    </td>
                  ))}
            </tr>
          );
        })}
        <Spacer height={bottom} />
      </tbody>
    </table>
  );
}

/** The element that scrolls the rows (their region, or the page if low) and their offset. */
function useScrolls(scroller: RefObject<HTMLDivElement | null>) {
  const short = useShort();
  const [margin, setMargin] = useState(0);
  const scrolls = useCallback(
    () => (short ? scroller.current?.closest('.frame') : scroller.current) ?? null,
    [short, scroller],
  );
  // Any render may change the height above the rows.
  useLayoutEffect(() => {
    const [page, rows] = [scrolls(), scroller.current];
    const above = (element: Element) => element.getBoundingClientRect().top;
    if (page && rows) setMargin(short ? Math.round(above(rows) - above(page) + page.scrollTop) : 0);
  });
  return { scrolls, margin };
}

function RowLink({ recording, open, children }: { recording: Recording; open: boolean; children: React.ReactNode }) {
  const { language } = useLanguage();
  return (
    <Link
      to="/calls/$id"
      params={{ id: recording.id }}
      search={(search) => search}
      aria-current={open || undefined}
      aria-label={dateAndClock(new Date(recording.startedAt), language)}
      className="row-link"
      onClick={(event) => event.detail === 0 && event.isTrusted && focusPanel()}
    >
      {children}
    </Link>
  );
}

function Spacer({ height }: { height: number }) {
  if (height <= 0) return null;
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row without a cell takes no focus
  return <tr aria-hidden="true" className="spacer" style={{ height }} />;
}

/** A click anywhere on the row follows its link, unless the user selects text. */
function followLink(event: MouseEvent<HTMLElement>) {
  if ((event.target as HTMLElement).closest('a, button') || getSelection()?.toString()) return;
  event.currentTarget.querySelector('a')?.click();
}

/** `j` and `k` move the focus by a row, and with an open call to the next or previous call. */
function useRowKeys(pages: CallPages, scrollTo: (index: number) => void, scroller: RefObject<HTMLDivElement | null>) {
  const navigate = useNavigate();
  const { id: open } = useParams({ strict: false });
  const at = useRef(-1);
  const [wanted, setWanted] = useState<number>();
  useEffect(() => {
    if (wanted === undefined) return;
    const link = scroller.current?.querySelector<HTMLElement>(`[data-index="${wanted}"] a`);
    if (!link) return; // the row is not rendered yet
    link.focus({ preventScroll: true });
    setWanted(undefined);
  });
  const move = (step: number) => {
    const focused = document.activeElement?.closest('[data-index]')?.getAttribute('data-index');
    if (focused) at.current = Number(focused);
    else if (open)
      at.current = Number(
        scroller.current?.querySelector(`[data-id="${CSS.escape(open)}"]`)?.getAttribute('data-index') ?? at.current,
      );
    const next = Math.max(0, Math.min(at.current + step, pages.count - 1));
    const row = pages.row(next);
    if (!row) return;
    at.current = next;
    scrollTo(next);
    // A focus inside the panel moves to the heading of the next call.
    if (open && document.activeElement?.closest('.panel')) focusNext();
    else setWanted(next);
    if (open) navigate({ to: '/calls/$id', params: { id: row.id }, search: (search) => search });
  };
  useKeys({ j: () => move(1), k: () => move(-1) });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search cancels the move
  useEffect(() => setWanted(undefined), [pages.asked]);
}

/** Returns the previous array while the rows are equal, so that the table does not recalculate. */
function useStable<T>(rows: T[]): T[] {
  const stable = useRef(rows);
  if (stable.current.length !== rows.length || stable.current.some((row, index) => row !== rows[index]))
    stable.current = rows;
  return stable.current;
}
