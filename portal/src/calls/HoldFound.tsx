import { ActionIcon, Tooltip } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { Icon } from '../frame/Icon';
import { useWords } from '../words/words';
import type { Filters } from './filters';
import type { CallPages } from './pages';
import { type Sought, sought } from './sought';

const PlaceHold = lazy(() => import('../administration/retention/PlaceHold'));

/** Among the tools of the search, for administrators: holds all that it finds. */
export function HoldFound({ filters, pages }: { filters: Filters; pages: CallPages }) {
  const words = useWords();
  const [asked, setAsked] = useState<Sought>();
  return (
    <>
      <Tooltip label={words.hold.found}>
        <ActionIcon
          variant="default"
          size={36}
          aria-label={words.hold.found}
          disabled={pages.count === 0}
          title={pages.count ? undefined : words.empty.narrowed}
          onClick={() => setAsked(sought(filters, pages.asked.at))}
        >
          <Icon name="lock" />
        </ActionIcon>
      </Tooltip>
      <Suspense>
        {asked && (
          <PlaceHold
            filter={asked}
            found={words.search.found(pages.count, pages.more)}
            close={() => setAsked(undefined)}
          />
        )}
      </Suspense>
    </>
  );
}
