// Exports the whole search as a spreadsheet with every column, page by page; it can be cancelled.

import { Button, Tooltip } from '@mantine/core';
import { lazy, Suspense, useRef, useState } from 'react';
import { useApp } from '../app';
import { useComplain } from '../frame/complain';
import { Icon } from '../frame/Icon';
import { saveFile } from '../frame/saveFile';
import { useWritten } from '../session/me';
import { dayOf } from '../time';
import { useWords } from '../words/words';
import { useDirectory } from './directory';
import type { Filters } from './filters';
import { useLegend } from './legend';

const ExportProgress = lazy(() => import('./ExportProgress'));

export function Export({ filters }: { filters: Filters }) {
  const { api } = useApp();
  const words = useWords();
  const complain = useComplain();
  const { nameOf, colleagueAt } = useDirectory();
  const written = useWritten();
  const { labelOf } = useLegend();
  const [count, setCount] = useState<number>();
  const stop = useRef<AbortController>(undefined);

  const start = async () => {
    stop.current = new AbortController();
    const { signal } = stop.current;
    setCount(0);
    try {
      const { exported } = await import('./exported');
      const partyOf = (counterpart: string) =>
        [colleagueAt(counterpart)?.name, written(counterpart)].filter(Boolean).join(', ');
      const file = await exported(api, filters, { nameOf, labelOf, partyOf }, words, signal, setCount);
      saveFile(file, `${words.nav.calls.toLocaleLowerCase()}-${dayOf(new Date())}.xlsx`);
    } catch (error) {
      if (!signal.aborted) complain(error);
    } finally {
      setCount(undefined);
    }
  };

  return (
    <>
      <Tooltip label={words.file.label}>
        <Button variant="default" className="tool" leftSection={<Icon name="download" />} onClick={start}>
          {words.file.name}
        </Button>
      </Tooltip>
      <Suspense>{count !== undefined && <ExportProgress count={count} stop={() => stop.current?.abort()} />}</Suspense>
    </>
  );
}
