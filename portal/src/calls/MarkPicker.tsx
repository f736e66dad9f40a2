import { Tooltip, UnstyledButton } from '@mantine/core';
import { useKeys } from '../frame/keys';
import { useWords } from '../words/words';
import { Marked } from './columns';
import { type Mark, useLegend } from './legend';
import { MarkSign } from './MarkSign';

const KEYS = 8;

/** The organisation's marks, each with its key. Pressing the current mark removes it. */
export function MarkPicker({
  mark,
  mayAnnotate,
  pick,
}: {
  mark?: string | null;
  mayAnnotate: boolean;
  pick(mark: string | null): void;
}) {
  const words = useWords();
  const { marks } = useLegend();
  const choices = offered(marks, mark);
  const keys = choices.slice(0, KEYS).map((choice, index) => [String(index + 1), () => pick(choice.mark)] as const);
  useKeys(mayAnnotate ? { ...Object.fromEntries(keys), '0': () => pick(null) } : {});
  if (!mayAnnotate) return mark ? <Marked mark={mark} /> : null;
  return (
    <div role="group" aria-label={words.column.mark} className="mark-picker">
      {choices.map((choice, index) => (
        <Tooltip key={choice.mark} label={index < KEYS ? `${choice.label} (${index + 1})` : choice.label}>
          <UnstyledButton
            className="mark-choice"
            data-colour={choice.colour}
            aria-pressed={choice.mark === mark}
            onClick={() => pick(choice.mark === mark ? null : choice.mark)}
          >
            <MarkSign mark={choice} />
          </UnstyledButton>
        </Tooltip>
      ))}
    </div>
  );
}

/** The marks in use, and the current one even if it is retired. */
function offered(marks: Mark[], mark: string | null | undefined): Mark[] {
  return marks.filter((choice) => !choice.retired || choice.mark === mark);
}
