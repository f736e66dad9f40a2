import { Drawer } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OnlineButton } from '../OnlineButton';
import { Slow } from '../Slow';

type Hold = Schemas['Hold'];

/** The calls under a hold, in a drawer beside the list. */
export function HeldCalls({ hold, close }: { hold: Hold | undefined; close(): void }) {
  const words = useWords();
  const more = useAdministrationWords();
  return (
    <Drawer
      opened={hold !== undefined}
      onClose={close}
      position="right"
      size={440}
      title={hold?.lifted ? more.holds.heldWas : more.holds.held}
      closeButtonProps={{ 'aria-label': words.close }}
    >
      {hold && <Loaded key={hold.id} hold={hold} />}
    </Drawer>
  );
}

function Loaded({ hold }: { hold: Hold }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const found = useInfiniteQuery({
    queryKey: ['held', hold.id],
    queryFn: ({ pageParam }) =>
      answered(
        api.GET('/v1/holds/{hold}', { params: { path: { hold: hold.id }, query: { limit: 200, cursor: pageParam } } }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
  const calls = found.data?.pages.flatMap((page) => page.recordings) ?? [];
  return (
    <div className="drawer">
      <p dir="auto">{hold.reason}</p>
      {found.isPending && <Slow within />}
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {found.isSuccess && !calls.length && <p className="quiet">{more.holds.nothing}</p>}
      <ol className="history">
        {calls.map(({ recording, startedAt }) => (
          <li key={recording}>
            <Link to="/calls/$id" params={{ id: recording }} search={{}}>
              <When at={startedAt} />
            </Link>
          </li>
        ))}
      </ol>
      {found.hasNextPage && (
        <OnlineButton variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {words.more}
        </OnlineButton>
      )}
    </div>
  );
}
