import { MultiSelect } from '@mantine/core';
import { useDirectory } from '../../calls/directory';
import { useAdministrationWords } from '../../words/administration/words';

type Props = { label: string; picked: string[]; pick(users: string[]): void; without: string[]; most: number };

/** Selects users of the organisation by part of their name. */
export function PickUsers({ label, picked, pick, without, most }: Props) {
  const more = useAdministrationWords();
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
      nothingFoundMessage={more.users.none}
      comboboxProps={{ shadow: 'md' }}
    />
  );
}
