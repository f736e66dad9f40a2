import { TextInput } from '@mantine/core';
import { useAdministrationWords } from '../words/administration/words';

const LONGEST = 500;

/** The reason for an action. The service requires it and stores it. */
export function Reason({
  value,
  change,
  first = false,
}: {
  value: string;
  change(text: string): void;
  first?: boolean;
}) {
  const more = useAdministrationWords();
  return (
    <TextInput
      label={more.reason}
      description={more.reasonText}
      required
      maxLength={LONGEST}
      data-autofocus={first || undefined}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}
