import { ActionIcon, Popover, Tooltip } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Icon } from '../frame/Icon';
import { useWords } from '../words/words';

const SavedList = lazy(() => import('./SavedList'));

export function SavedSearches() {
  const words = useWords();
  return (
    <Popover position="bottom-end" width={320} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Tooltip label={words.saved.title}>
          <ActionIcon variant="default" size={36} aria-label={words.saved.title}>
            <Icon name="bookmark" />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={words.saved.title} className="saved">
        <Suspense>
          <SavedList />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
