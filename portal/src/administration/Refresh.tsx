import { useIsFetching, useQueryClient } from '@tanstack/react-query';
import { Icon } from '../frame/Icon';
import { useWords } from '../words/words';
import { OnlineButton } from './OnlineButton';

/** Fetches the lists again, while the service works on a job. */
export function Refresh({ lists }: { lists: string[] }) {
  const words = useWords();
  const client = useQueryClient();
  const ofLists = {
    predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => lists.includes(String(queryKey[0])),
  };
  const fetching = useIsFetching(ofLists) > 0;
  return (
    <OnlineButton
      variant="light"
      leftSection={<Icon name="refresh" />}
      loading={fetching}
      onClick={() => void client.invalidateQueries(ofLists)}
    >
      {words.refresh}
    </OnlineButton>
  );
}
