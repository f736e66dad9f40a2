import { MultiSelect } from '@mantine/core';
import { useDirectory } from '../../calls/directory';
import { useWords } from '../../words/words';

type Props = { label: string; picked: string[]; pick(users: string[]): void; without: string[]; most: number };

/** Users of the organisation, found by a part of their name. */
export function PickUsers({ label, picked, pick, without, most }: Props) {
  const words = useWords();
  const { users } = useDirectory();
  const data = users.filter(({ id }) => !without.includes(id)).map(({ id, name }) => ({ value: id, label: name }));
  return (
    <MultiSelect
      className="grow"
      label={label}
      data={data}
      value={picked}
      onChange={pick}
      searchable
      hidePickedOptions
      limit={50}
      maxValues={most}
      nothingFoundMessage={words.users.none}
      comboboxProps={{ shadow: 'md' }}
    />
  );
}
