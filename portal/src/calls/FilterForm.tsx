// Every filter of the search as a form, for users who prefer pointing to typing.

import { Button, Popover } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { Icon } from '../frame/Icon';
import { useWords } from '../words/words';

const FilterFields = lazy(() => import('./FilterFields'));

export function FilterForm() {
  const words = useWords();
  const [shown, setShown] = useState(false);
  return (
    <Popover opened={shown} onChange={setShown} position="bottom-end" width={460} trapFocus shadow="lg" returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<Icon name="filter" />}
          onClick={() => setShown(!shown)}
          className="tool"
        >
          {words.filter.open}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={words.filter.open} className="filter-form">
        <Suspense>
          <FilterFields done={() => setShown(false)} />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
