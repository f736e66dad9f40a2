// The annotation of the call: a mark set by one key, and a note and three fields edited in place.

import { useRef } from 'react';
import type { Recording } from '../api/problem';
import { useKeys } from '../frame/keys';
import { useOfferUndo } from '../frame/undo';
import { useCallWords } from '../words/call/words';
import { useWords } from '../words/words';
import { textOf, useAnnotation, type ValueName, type Values } from './annotation';
import { Conflict } from './Conflict';
import { EditableText } from './EditableText';
import { FIELDS } from './filters';
import { MarkPicker } from './MarkPicker';

const NOTE = 1000;
const FIELD = 128;

export function Annotation({ recording, mayAnnotate }: { recording: Recording; mayAnnotate: boolean }) {
  const words = useWords();
  const more = useCallWords();
  const note = useRef<HTMLTextAreaElement>(null);
  const undo = useUndo((values, on) => void annotation.annotate(values, on));
  const annotation = useAnnotation(recording, undo);
  useKeys(mayAnnotate ? { n: () => note.current?.focus() } : {});
  const text = (name: ValueName, label: string, most: number) => ({
    key: name,
    recording,
    name,
    label,
    most,
    mayAnnotate,
    annotate: (value: string, on: Recording) => annotation.annotate({ [name]: value }, on),
  });
  const { key, ...noteProps } = text('note', words.column.note, NOTE);
  return (
    <section className="annotation" aria-label={more.panel.annotation}>
      <MarkPicker mark={recording.mark} mayAnnotate={mayAnnotate} pick={(mark) => void annotation.annotate({ mark })} />
      <EditableText key={key} {...noteProps} input={note} />
      <div className="fields">
        {FIELDS.map((name) => {
          const { key, ...props } = text(name, words.field[name], FIELD);
          return <EditableText key={key} {...props} />;
        })}
      </div>
      <p className="saving" role="status">
        {annotation.saving ? words.saving : ''}
      </p>
      {annotation.conflict && <Conflict conflict={annotation.conflict} settle={annotation.settle} />}
    </section>
  );
}

/** Offers to undo the last edit. */
function useUndo(annotate: (values: Values, on: Recording) => void) {
  const words = useWords();
  const offer = useOfferUndo();
  return (before: Recording, after: Recording, values: Values) => {
    const names = Object.keys(values) as ValueName[];
    const former = Object.fromEntries(names.map((name) => [name, textOf(before, name)]));
    offer(words.saved.done, () => annotate(former, after));
  };
}
