import { Skeleton } from '@mantine/core';
import { useOnline } from '../frame/online';
import { useAdministrationWords } from '../words/administration/words';

/** The placeholder of loading content, after a moment. Offline, it states the reason. */
export function Slow({ within = false }: { within?: boolean }) {
  const more = useAdministrationWords();
  const card = within ? 'slow' : 'slow card';
  if (!useOnline())
    return (
      <p className={card} role="status">
        {more.offline.notFetched}
      </p>
    );
  return (
    <div className={`${card} late`} role="status" aria-label={more.loading}>
      <Skeleton height={14} width="40%" />
      <Skeleton height={10} width="90%" />
      <Skeleton height={10} width="75%" />
    </div>
  );
}
