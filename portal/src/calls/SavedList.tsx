// The saved searches, and a button that saves the current one.

import { ActionIcon, Button } from '@mantine/core';
import { useState } from 'react';
import { Icon } from '../frame/Icon';
import { notify } from '../frame/notify';
import { useLanguage, useWords } from '../words/words';
import { chips } from './chips';
import { useDirectory } from './directory';
import type { Filters } from './filters';
import { useLegend } from './legend';
import { filtersOf, forget, keep, searches } from './searches';
import { useFilters } from './useFilters';

export default function SavedList() {
  const words = useWords();
  const [filters, , replace] = useFilters();
  const [saved, setSaved] = useState(searches);
  const name = useNaming();
  const written = new URLSearchParams(filters as Record<string, string>).toString();
  const copy = async () => {
    await navigator.clipboard.writeText(`${location.origin}/calls?${written}`);
    void notify({ message: words.saved.copied, close: words.close });
  };
  return (
    <>
      <h2>{words.saved.title}</h2>
      {saved.length === 0 && <p className="quiet">{words.saved.none}</p>}
      <ul className="plain">
        {saved.map((search) => (
          <li key={search}>
            <button type="button" className="text-button" onClick={() => replace(filtersOf(search))}>
              <bdi>{name(filtersOf(search))}</bdi>
            </button>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`${words.remove} ${name(filtersOf(search))}`}
              onClick={() => {
                forget(search);
                setSaved(searches());
              }}
            >
              <Icon name="close" size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      {saved.length > 0 && <p className="quiet">{words.saved.session}</p>}
      <div className="tools">
        <Button
          size="compact-md"
          disabled={!written}
          title={written ? undefined : words.saved.first}
          onClick={() => {
            keep(written);
            setSaved(searches());
          }}
        >
          {words.saved.keep}
        </Button>
        <Button size="compact-md" variant="default" leftSection={<Icon name="link" size={16} />} onClick={copy}>
          {words.saved.copy}
        </Button>
      </div>
    </>
  );
}

/** A saved search is named by its filters in words. */
function useNaming(): (filters: Filters) => string {
  const words = useWords();
  const { language } = useLanguage();
  const { nameOf } = useDirectory();
  const { labelOf } = useLegend();
  return (filters) =>
    chips(filters, { user: nameOf, mark: labelOf }, words, language, new Date())
      .map(({ text }) => text)
      .join(' · ');
}
