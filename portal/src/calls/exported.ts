// The rows of an exported search. The module is fetched when someone exports.

import { type Api, answered } from '../api/client';
import type { Recording } from '../api/problem';
import { type Cell, spreadsheet } from '../frame/spreadsheet';
import { nobody } from '../phone';
import type { Words } from '../words/words';
import { type Filters, query } from './filters';

const PAGE = 1000;

type Names = { nameOf(id: string): string; labelOf(mark: string): string; partyOf(counterpart: string): string };

/** All calls of the search as a file. Reports the count so far; throws if the signal aborts it. */
export async function exported(
  api: Api,
  filters: Filters,
  names: Names,
  words: Words,
  signal: AbortSignal,
  come: (count: number) => void,
): Promise<Blob> {
  const rows: Cell[][] = [];
  for await (const page of everyPage(api, filters, signal)) {
    rows.push(...page.map((recording) => cells(recording, names, words)));
    come(rows.length);
  }
  return spreadsheet(headings(words), rows);
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
  const annotation = [column.mark, column.note, field.field1, field.field2, field.field3];
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
    ...annotation,
    file.callId,
    'id',
  ];
}

function cells(recording: Recording, { nameOf, labelOf, partyOf }: Names, words: Words): Cell[] {
  const at = new Date(recording.startedAt);
  const seconds = Math.round(recording.durationMs / 1000);
  const without = nobody(recording.counterpart, words);
  return [
    { at, zone: 'Stockholm' },
    { at, zone: 'UTC' },
    seconds,
    { seconds },
    words.state[recording.state],
    nameOf(recording.user),
    words.direction[recording.direction],
    without ?? partyOf(recording.counterpart),
    without ? '' : recording.counterpart,
    recording.mark ? labelOf(recording.mark) : '',
    recording.note ?? '',
    ...recording.fields.map((field) => field ?? ''),
    recording.callId,
    recording.id,
  ];
}
