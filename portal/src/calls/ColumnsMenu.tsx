import { ActionIcon, Popover, Tooltip } from '@mantine/core';
import { Icon } from '../frame/Icon';
import { prefer } from '../preferences';
import { useWords } from '../words/words';
import { COLUMNS, type Column, columnName } from './columns';

/** Chooses the visible columns. The choice is stored on this computer. */
export function ColumnsMenu({ hidden, change }: { hidden: Column[]; change(hidden: Column[]): void }) {
  const words = useWords();
  const toggle = (column: Column) => {
    const next = hidden.includes(column) ? hidden.filter((other) => other !== column) : [...hidden, column];
    prefer({ hidden: next });
    change(next);
  };
  return (
    <Popover position="bottom-end" trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Tooltip label={words.columns}>
          <ActionIcon variant="default" size={36} aria-label={words.columns} className="wide-only">
            <Icon name="columns" />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={words.columns} className="columns">
        {COLUMNS.filter((column) => column !== 'when').map((column) => (
          <label key={column}>
            <input type="checkbox" checked={!hidden.includes(column)} onChange={() => toggle(column)} />
            {columnName(column, words)}
          </label>
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}
