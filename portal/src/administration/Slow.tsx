import { Skeleton } from '@mantine/core';
import { useAdministrationWords } from '../words/administration/words';

/** In place of what is on its way, once that takes longer than a moment. */
export function Slow() {
  const more = useAdministrationWords();
  return (
    <div className="card late" role="status" aria-label={more.loading}>
      <Skeleton height={14} width="40%" />
      <Skeleton height={10} width="90%" />
      <Skeleton height={10} width="75%" />
    </div>
  );
}
