import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { answered, type Schemas } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { Failed } from '../frame/Failed';
import { useCallWords } from '../words/call/words';
import { useWords } from '../words/words';
import { Marked } from './columns';
import { When } from './When';
import { useWho } from './who';

/** The edits, latest first: actor, old value and new value. */
export function Edits({ recording }: { recording: Recording }) {
  const { api } = useApp();
  const words = useWords();
  const more = useCallWords();
  const found = useInfiniteQuery({
    queryKey: ['edits', recording.id],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET('/v1/recordings/{id}/edits', {
          params: { path: { id: recording.id }, query: { order: 'newest', cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
  });
  if (found.isError) return <Failed error={found.error} again={found.refetch} />;
  if (!found.data) return null;
  const edits = found.data.pages.flatMap((page) => page.edits);
  if (!edits.length) return <p className="quiet">{more.panel.noEdits}</p>;
  return (
    <>
      <History edits={edits} />
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </>
  );
}

function History({ edits }: { edits: Schemas['Edit'][] }) {
  const words = useWords();
  const who = useWho();
  return (
    <ol className="history">
      {edits.map((edit) => (
        <li key={edit.version}>
          <p className="history-head">
            <strong>
              <bdi>{who(edit.who)}</bdi>
            </strong>{' '}
            <When at={edit.at} />
          </p>
          {edit.changes.map(({ what, from, to }) => (
            <div key={what} className="change">
              <span>{what === 'note' || what === 'mark' ? words.column[what] : words.field[what]}</span>
              <del>{what === 'mark' ? <Marked mark={from} /> : <bdi>{from}</bdi>}</del>
              <ins>{what === 'mark' ? <Marked mark={to} /> : <bdi>{to}</bdi>}</ins>
            </div>
          ))}
        </li>
      ))}
    </ol>
  );
}
