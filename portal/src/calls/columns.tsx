// The columns of the calls, on the page and in a spreadsheet.

import { columnVisibilityFeature, createColumnHelper, tableFeatures } from '@tanstack/react-table';
import type { Recording } from '../api/problem';
import { lengthOf } from '../time';
import { useWords, type Words } from '../words/words';
import { Counterpart } from './Counterpart';
import { useDirectory } from './directory';
import { useLegend } from './legend';
import { MarkSign } from './MarkSign';
import { When } from './When';

export const COLUMNS = ['when', 'length', 'user', 'counterpart', 'mark', 'note', 'field1', 'field2', 'field3'] as const;
export type Column = (typeof COLUMNS)[number];
export const HIDDEN_AT_FIRST: Column[] = ['field1', 'field2', 'field3'];

export const features = tableFeatures({ columnVisibilityFeature });
const helper = createColumnHelper<typeof features, Recording>();

export const columns = helper.columns(
  COLUMNS.map((id) =>
    helper.display({
      id,
      enableHiding: id !== 'when',
      cell: ({ row }) => <Cell column={id} recording={row.original} />,
    }),
  ),
);

export function columnName(column: Column, words: Words): string {
  return { ...words.column, ...words.field }[column];
}

function Cell({ column, recording }: { column: Column; recording: Recording }) {
  const { nameOf } = useDirectory();
  switch (column) {
    case 'when':
      return <When at={recording.startedAt} />;
    case 'length':
      return <Length recording={recording} />;
    case 'user':
      return <bdi>{nameOf(recording.user)}</bdi>;
    case 'counterpart':
      return <Counterpart recording={recording} />;
    case 'mark':
      return <Marked mark={recording.mark} />;
    case 'note':
      return (
        <span className="one-line" dir="auto">
          {recording.note}
        </span>
      );
    default:
      return (
        <span className="one-line" dir="auto">
          {recording.fields[Number(column.at(-1)) - 1]}
        </span>
      );
  }
}

/** The length of the call, or the state of its audio. */
function Length({ recording }: { recording: Recording }) {
  const words = useWords();
  if (recording.state === 'stored') return <span className="digits">{lengthOf(recording)}</span>;
  const rejected = recording.state === 'rejected';
  return (
    <span
      className={rejected ? 'state state-bad' : 'state'}
      title={rejected ? (recording.rejection ?? '') : words.row.expectedLong}
    >
      {rejected ? words.state.rejected : words.row.expected}
    </span>
  );
}

export function Marked({ mark }: { mark: string | null | undefined }) {
  const { marks } = useLegend();
  if (!mark) return null;
  const known = marks.find((entry) => entry.mark === mark);
  return known ? <MarkSign mark={known} /> : <bdi>{mark}</bdi>;
}
