import { useQuery } from '@tanstack/react-query';
import { answered } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { Failed } from '../frame/Failed';
import { useWords } from '../words/words';
import { Marked } from './columns';
import { When } from './When';
import { useWho } from './who';

/** Who changed what, from what to what; the latest first. */
export function Edits({ recording }: { recording: Recording }) {
  const { api } = useApp();
  const words = useWords();
  const who = useWho();
  const edits = useQuery({
    queryKey: ['edits', recording.id],
    queryFn: () => answered(api.GET('/v1/recordings/{id}/edits', { params: { path: { id: recording.id } } })),
  });
  if (edits.isError) return <Failed error={edits.error} again={edits.refetch} />;
  if (!edits.data) return null;
  if (!edits.data.edits.length) return <p className="quiet">{words.call.noEdits}</p>;
  return (
    <ol className="history">
      {edits.data.edits.toReversed().map((edit) => (
        <li key={edit.at + edit.who}>
          <p className="history-head">
            <strong>
              <bdi>{who(edit.who)}</bdi>
            </strong>{' '}
            <When at={edit.at} />
          </p>
          {edit.changes.map(({ what, from, to }) => (
            <div key={what} className="change">
              <span>{what === 'note' || what === 'mark' ? words.column[what] : words.field[what as 'field1']}</span>
              <del>{what === 'mark' ? <Marked mark={from} /> : <bdi>{from}</bdi>}</del>
              <ins>{what === 'mark' ? <Marked mark={to} /> : <bdi>{to}</bdi>}</ins>
            </div>
          ))}
        </li>
      ))}
    </ol>
  );
}
