// A text of the call, edited where it stands: saved when one leaves it or presses Ctrl+Enter, taken back by Escape.

import { Textarea } from '@mantine/core';
import { type KeyboardEvent, type RefObject, useRef, useState } from 'react';
import type { Recording } from '../api/problem';
import { useWords } from '../words/words';
import { type SaidName, saidOf } from './annotation';
import { draftOf, setDraft } from './drafts';

type Props = {
  recording: Recording;
  name: SaidName;
  label: string;
  /** Characters at most. */
  most: number;
  mayAnnotate: boolean;
  input?: RefObject<HTMLTextAreaElement | null>;
  /** Answers whether it is said, or at least put beside what another said meanwhile. */
  say(text: string, on: Recording): Promise<boolean>;
};

export function TextSaid({ recording, name, label, most, mayAnnotate, input, say }: Props) {
  const words = useWords();
  const kept = saidOf(recording, name);
  const [draft, setTyped] = useState(() => draftOf(recording.id, name));
  // An edit is of the text that it began from, even if another comes meanwhile: then the two are put side by side.
  const base = useRef(recording);
  const isNote = name === 'note';
  if (!mayAnnotate && !kept) return null;

  const type = (text: string | undefined) => {
    if (draft === undefined) base.current = recording;
    setTyped(text);
    setDraft(recording.id, name, text);
  };
  // What could not be saved stays as it was written: here, and as a draft until one comes back.
  const save = async () => {
    if (draft === undefined) return;
    setTyped(undefined);
    const isSaid = await say(isNote ? draft.trim() : draft.replace(/\s+/g, ' ').trim(), base.current);
    if (isSaid) setDraft(recording.id, name, undefined);
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
      placeholder={mayAnnotate ? (isNote ? words.call.writeNote : '–') : ''}
      value={draft ?? kept}
      error={left < 0 ? words.tooLong(-left) : undefined}
      description={draft !== undefined && left < most / 5 && left >= 0 ? words.charactersLeft(left) : undefined}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => left >= 0 && save()}
      onKeyDown={press}
    />
  );
}
