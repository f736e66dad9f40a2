// The search box. It reads a day, a number, a name, a mark, a length or words, and adds a chip.

import { Combobox, Pill, PillsInput, useCombobox } from '@mantine/core';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Icon } from '../frame/Icon';
import { useKeys } from '../frame/keys';
import { useLanguage, useWords } from '../words/words';
import { type Chip, chips } from './chips';
import { useDirectory } from './directory';
import type { Filters } from './filters';
import { settable, useLegend } from './legend';
import { MarkSign } from './MarkSign';
import type { Suggestion, understand } from './understanding';
import { useFilters } from './useFilters';

export function SearchBox({ openFirst }: { openFirst(): void }) {
  const words = useWords();
  const { language } = useLanguage();
  const { users, nameOf } = useDirectory();
  const { marks, labelOf } = useLegend();
  const [filters, change] = useFilters();
  const [typed, setTyped] = useState('');
  const [read, setRead] = useState<typeof understand>();
  const input = useRef<HTMLInputElement>(null);
  const list = useCombobox({ onDropdownClose: () => list.resetSelectedOption() });
  useKeys({ '/': () => input.current?.focus() });

  useEffect(() => void import('./understanding').then(({ understand }) => setRead(() => understand)), []);
  const { selectFirstOption } = list;
  useEffect(() => {
    if (typed && read) selectFirstOption();
  }, [typed, read, selectFirstOption]);

  const now = new Date();
  const shown = chips(filters, { user: nameOf, mark: labelOf }, words, language, now);
  const offered = read?.(typed, { users, marks, now }, words) ?? [];
  const choose = (suggestion: Suggestion | undefined) => {
    if (!suggestion) return;
    setTyped('');
    list.closeDropdown();
    change(suggestion.filters);
  };
  const remove = ({ names }: Chip) => change(Object.fromEntries(names.map((name) => [name, undefined])) as Filters);
  const press = (event: KeyboardEvent) => {
    const last = shown.at(-1);
    if (event.key === 'Backspace' && !typed && last) remove(last);
    if (event.key === 'Enter' && !typed) openFirst();
    if (event.key === 'Enter' && typed && list.getSelectedOptionIndex() === -1) choose(offered[0]);
    if (event.key === 'Escape') input.current?.blur();
  };

  return (
    <Combobox store={list} onOptionSubmit={(index) => choose(offered[Number(index)])} shadow="md" withinPortal={false}>
      <Combobox.DropdownTarget>
        <PillsInput
          className="search-box"
          size="md"
          leftSection={<Icon name="search" />}
          onClick={() => input.current?.focus()}
        >
          <Pill.Group>
            {shown.map((chip) => (
              <Pill
                key={chip.names.join()}
                withRemoveButton
                size="md"
                onRemove={() => remove(chip)}
                removeButtonProps={{ 'aria-label': `${words.remove} ${chip.text}`, tabIndex: 0, 'aria-hidden': false }}
              >
                <bdi>{chip.text}</bdi>
              </Pill>
            ))}
            <Combobox.EventsTarget withExpandedAttribute>
              <PillsInput.Field
                ref={input}
                aria-label={words.search.label}
                placeholder={shown.length ? '' : words.search.placeholder}
                value={typed}
                maxLength={200}
                spellCheck={false}
                autoComplete="off"
                onKeyDown={press}
                onBlur={() => list.closeDropdown()}
                onChange={(event) => {
                  setTyped(event.currentTarget.value);
                  list.openDropdown();
                }}
              />
            </Combobox.EventsTarget>
          </Pill.Group>
        </PillsInput>
      </Combobox.DropdownTarget>
      <Combobox.Dropdown hidden={!offered.length}>
        <Combobox.Options aria-label={words.search.label}>
          {offered.map((suggestion, index) => (
            <Combobox.Option key={`${suggestion.kind} ${suggestion.text}`} value={String(index)} className="suggestion">
              <small>{words.suggestion[suggestion.kind]}</small>
              <Meant suggestion={suggestion} marks={settable(marks)} />
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function Meant({ suggestion, marks }: { suggestion: Suggestion; marks: ReturnType<typeof settable> }) {
  const mark = suggestion.kind === 'mark' && marks.find((known) => known.mark === suggestion.filters.mark);
  if (mark) return <MarkSign mark={mark} />;
  return <bdi>{suggestion.kind === 'note' ? `”${suggestion.text}”` : suggestion.text}</bdi>;
}
