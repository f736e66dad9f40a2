// The whole search as a file for a spreadsheet, with every column. It is read page by page, and can be stopped.

import { Button, Tooltip } from '@mantine/core';
import { lazy, Suspense, useRef, useState } from 'react';
import { type Api, answered } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { useComplain } from '../frame/complain';
import { Icon } from '../frame/Icon';
import { saveFile } from '../frame/saveFile';
import { type Cell, spreadsheet } from '../frame/spreadsheet';
import { written } from '../phone';
import { dayOf } from '../time';
import { useWords, type Words } from '../words/words';
import { useDirectory } from './directory';
import { type Filters, query } from './filters';
import { useLegend } from './legend';

const ExportProgress = lazy(() => import('./ExportProgress'));

const PAGE = 1000;

export function Export({ filters }: { filters: Filters }) {
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
    const rows: Cell[][] = [];
    setCount(0);
    try {
      for await (const page of everyPage(api, filters, signal)) {
        rows.push(...page.map((recording) => cells(recording, nameOf, labelOf, words)));
        setCount(rows.length);
      }
      saveFile(
        await spreadsheet(headings(words), rows),
        `${words.nav.calls.toLocaleLowerCase()}-${dayOf(new Date())}.xlsx`,
      );
    } catch (error) {
      if (!signal.aborted) complain(error);
    } finally {
      setCount(undefined);
    }
  };

  return (
    <>
      <Tooltip label={words.file.label}>
        <Button variant="default" className="tool" leftSection={<Icon name="download" />} onClick={start}>
          {words.file.name}
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

function headings(words: Words): string[] {
  const { column, field, filter, file } = words;
  const said = [column.mark, column.note, field.field1, field.field2, field.field3];
  return [
    column.when,
    file.utc,
    file.seconds,
    column.length,
    filter.state,
    column.user,
    filter.direction,
    column.counterpart,
    file.number,
    ...said,
    file.callId,
    'id',
  ];
}

function cells(
  recording: Recording,
  nameOf: (id: string) => string,
  labelOf: (mark: string) => string,
  words: Words,
): Cell[] {
  const at = new Date(recording.startedAt);
  const seconds = Math.round(recording.durationMs / 1000);
  const withheld = recording.counterpart === 'withheld';
  return [
    { at, zone: 'Stockholm' },
    { at, zone: 'UTC' },
    seconds,
    { seconds },
    words.state[recording.state as 'expected'],
    nameOf(recording.user),
    words.direction[recording.direction as 'in'],
    withheld ? words.withheld : written(recording.counterpart),
    withheld ? '' : recording.counterpart,
    recording.mark ? labelOf(recording.mark) : '',
    recording.note ?? '',
    ...recording.fields.map((field) => field ?? ''),
    recording.callId,
    recording.id,
  ];
}
