import { ActionIcon, Tooltip } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { Icon } from '../frame/Icon';
import { useWords } from '../words/words';
import { type Criteria, criteriaOf } from './criteria';
import type { Filters } from './filters';
import type { CallPages } from './pages';

const PlaceHold = lazy(() => import('../administration/retention/PlaceHold'));

/** Holds all calls that the search finds, for administrators. */
export function HoldFound({ filters, pages }: { filters: Filters; pages: CallPages }) {
  const words = useWords();
  const [asked, setAsked] = useState<Criteria>();
  return (
    <>
      <Tooltip label={words.hold.found}>
        <ActionIcon
          variant="default"
          size={36}
          aria-label={words.hold.found}
          disabled={pages.count === 0}
          title={pages.count ? undefined : words.empty.narrowed}
          onClick={() => setAsked(criteriaOf(filters, pages.asked.at))}
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
