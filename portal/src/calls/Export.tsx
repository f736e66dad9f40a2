// The whole search as a file, with the columns that are shown. It is read page by page, and can be stopped.

import { Button, Tooltip } from '@mantine/core';
import { lazy, Suspense, useRef, useState } from 'react';
import { type Api, answered } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { useComplain } from '../frame/complain';
import { Icon } from '../frame/Icon';
import { saveFile } from '../frame/saveFile';
import { dayOf, length, ZONE } from '../time';
import { useWords, type Words } from '../words/words';
import { COLUMNS, type Column, columnName } from './columns';
import { csv } from './csv';
import { useDirectory } from './directory';
import { type Filters, query } from './filters';
import { useLegend } from './legend';

const ExportProgress = lazy(() => import('./ExportProgress'));

const PAGE = 1000;
const BYTE_ORDER_MARK = '\uFEFF';

export function Export({ filters, hidden }: { filters: Filters; hidden: Column[] }) {
  const { api } = useApp();
  const words = useWords();
  const complain = useComplain();
  const { nameOf } = useDirectory();
  const { labelOf } = useLegend();
  const [count, setCount] = useState<number>();
  const stop = useRef<AbortController>(undefined);

  const start = async () => {
    stop.current = new AbortController();
    const { signal } = stop.current;
    const shown = COLUMNS.filter((column) => !hidden.includes(column));
    const cells = (recording: Recording) =>
      shown.flatMap((column) => cellsOf(column, recording, nameOf, labelOf, words));
    const parts = [BYTE_ORDER_MARK, csv([[...shown.flatMap((column) => headings(column, words)), 'id']])];
    setCount(0);
    try {
      let read = 0;
      for await (const rows of everyPage(api, filters, signal)) {
        parts.push(csv(rows.map((recording) => [...cells(recording), recording.id])));
        read += rows.length;
        setCount(read);
      }
      saveFile(
        new Blob(parts, { type: 'text/csv;charset=utf-8' }),
        `${words.nav.calls.toLocaleLowerCase()}-${dayOf(new Date())}.csv`,
      );
    } catch (error) {
      if (!signal.aborted) complain(error);
    } finally {
      setCount(undefined);
    }
  };

  return (
    <>
      <Tooltip label={words.csv.label}>
        <Button variant="default" className="tool" leftSection={<Icon name="download" />} onClick={start}>
          CSV
        </Button>
      </Tooltip>
      <Suspense>{count !== undefined && <ExportProgress count={count} stop={() => stop.current?.abort()} />}</Suspense>
    </>
  );
}

async function* everyPage(api: Api, filters: Filters, signal: AbortSignal) {
  const asked = query(filters, new Date());
  let cursor: string | undefined;
  do {
    const page = await answered(
      api.GET('/v1/recordings', { params: { query: { ...asked, limit: PAGE, cursor } }, signal }),
    );
    yield page.recordings;
    cursor = page.cursor ?? undefined;
  } while (cursor);
}

function headings(column: Column, words: Words): string[] {
  const name = columnName(column, words);
  return column === 'counterpart' ? [words.filter.direction, name] : [name];
}

function cellsOf(
  column: Column,
  recording: Recording,
  nameOf: (id: string) => string,
  labelOf: (mark: string) => string,
  words: Words,
): string[] {
  switch (column) {
    case 'when':
      return [new Date(recording.startedAt).toLocaleString('sv-SE', { timeZone: ZONE })];
    case 'length':
      return [recording.state === 'stored' ? length(recording.durationMs) : words.state[recording.state as 'expected']];
    case 'user':
      return [nameOf(recording.user)];
    case 'counterpart':
      return [
        words.direction[recording.direction as 'in'],
        recording.counterpart === 'withheld' ? words.withheld : recording.counterpart,
      ];
    case 'mark':
      return [recording.mark ? labelOf(recording.mark) : ''];
    case 'note':
      return [recording.note ?? ''];
    default:
      return [recording.fields[Number(column.at(-1)) - 1] ?? ''];
  }
}
