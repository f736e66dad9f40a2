// What is said of the call: a mark picked by one key, a note and three fields edited where they stand.

import { useRef } from 'react';
import type { Recording } from '../api/problem';
import { useKeys } from '../frame/keys';
import { useOfferUndo } from '../frame/undo';
import { useWords } from '../words/words';
import { type Said, type SaidName, saidOf, useAnnotation } from './annotation';
import { Conflict } from './Conflict';
import { FIELDS } from './filters';
import { MarkPicker } from './MarkPicker';
import { TextSaid } from './TextSaid';

const NOTE = 1000;
const FIELD = 128;

export function Annotation({ recording, mayAnnotate }: { recording: Recording; mayAnnotate: boolean }) {
  const words = useWords();
  const note = useRef<HTMLTextAreaElement>(null);
  const undo = useUndo((said, on) => void annotation.say(said, on));
  const annotation = useAnnotation(recording, undo);
  useKeys(mayAnnotate ? { n: () => note.current?.focus() } : {});
  const text = (name: SaidName, label: string, most: number) => ({
    key: name,
    recording,
    name,
    label,
    most,
    mayAnnotate,
    say: (value: string, on: Recording) => annotation.say({ [name]: value }, on),
  });
  const { key, ...noteProps } = text('note', words.column.note, NOTE);
  return (
    <section className="annotation" aria-label={words.call.annotation}>
      <MarkPicker mark={recording.mark} mayAnnotate={mayAnnotate} pick={(mark) => void annotation.say({ mark })} />
      <TextSaid key={key} {...noteProps} input={note} />
      <div className="fields">
        {FIELDS.map((name) => {
          const { key, ...props } = text(name, words.field[name], FIELD);
          return <TextSaid key={key} {...props} />;
        })}
      </div>
      <p className="saving" role="status">
        {annotation.saving ? words.saving : ''}
      </p>
      {annotation.conflict && <Conflict conflict={annotation.conflict} settle={annotation.settle} />}
    </section>
  );
}

/** Offers to take back what was just said. */
function useUndo(say: (said: Said, on: Recording) => void) {
  const words = useWords();
  const offer = useOfferUndo();
  return (before: Recording, after: Recording, said: Said) => {
    const names = Object.keys(said) as SaidName[];
    const former = Object.fromEntries(names.map((name) => [name, saidOf(before, name)]));
    offer(words.saved.done, () => say(former, after));
  };
}
