// A text of the call, edited in place. Leaving it or Ctrl+Enter saves; Escape reverts.

import { Textarea } from '@mantine/core';
import { type KeyboardEvent, type RefObject, useRef, useState } from 'react';
import type { Recording } from '../api/problem';
import { useCallWords } from '../words/call/words';
import { textOf, type ValueName } from './annotation';
import { draftOf, setDraft } from './drafts';

type Props = {
  recording: Recording;
  name: ValueName;
  label: string;
  /** At most this many characters. */
  most: number;
  mayAnnotate: boolean;
  input?: RefObject<HTMLTextAreaElement | null>;
  /** Resolves to whether the text was saved, or shown beside another user's edit. */
  annotate(text: string, on: Recording): Promise<boolean>;
};

export function EditableText({ recording, name, label, most, mayAnnotate, input, annotate }: Props) {
  const more = useCallWords();
  const stored = textOf(recording, name);
  const [draft, setTyped] = useState(() => draftOf(recording.id, name));
  // An edit is based on the version it began from. If another arrives, both are shown side by side.
  const base = useRef(recording);
  const isNote = name === 'note';
  if (!mayAnnotate && !stored) return null;

  const type = (text: string | undefined) => {
    if (draft === undefined) base.current = recording;
    setTyped(text);
    setDraft(recording.id, name, text);
  };
  // A text that could not be saved stays in the field, and as a draft for the next visit.
  const save = async () => {
    if (draft === undefined) return;
    setTyped(undefined);
    const isSaved = await annotate(isNote ? draft.trim() : draft.replace(/\s+/g, ' ').trim(), base.current);
    if (isSaved) setDraft(recording.id, name, undefined);
    else setTyped(draft);
  };
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Enter' && (!isNote || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.currentTarget.blur();
    }
    if (event.key === 'Escape') {
      event.stopPropagation();
      type(undefined);
      const field = event.currentTarget;
      requestAnimationFrame(() => field.blur());
    }
  };
  const left = most - Array.from(draft ?? '').length;
  return (
    <Textarea
      ref={input}
      label={label}
      className="said"
      readOnly={!mayAnnotate}
      autosize
      minRows={isNote ? 2 : 1}
      maxRows={12}
      dir="auto"
      placeholder={mayAnnotate ? (isNote ? more.panel.writeNote : '–') : ''}
      value={draft ?? stored}
      error={left < 0 ? more.tooLong(-left) : undefined}
      description={draft !== undefined && left < most / 5 && left >= 0 ? more.charactersLeft(left) : undefined}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => left >= 0 && save()}
      onKeyDown={press}
    />
  );
}
