// The annotation of a call: note, mark and fields. An edit shows at once and reverts if refused. If
// another user edited meanwhile, both texts are shown to choose from.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { answered } from '../api/client';
import { Problem, type Recording } from '../api/problem';
import { useApp } from '../app';
import { useComplain } from '../frame/complain';
import { FIELDS } from './filters';
import { put } from './recordings';

export type Values = {
  note?: string | null;
  mark?: string | null;
  field1?: string | null;
  field2?: string | null;
  field3?: string | null;
};
export type ValueName = keyof Values;
export type Conflict = { mine: Values; theirs: Recording };

export function textOf(recording: Recording, name: ValueName): string {
  return (name === 'note' || name === 'mark' ? recording[name] : recording.fields[FIELDS.indexOf(name)]) ?? '';
}

export function useAnnotation(recording: Recording, done?: (before: Recording, after: Recording, to: Values) => void) {
  const { api } = useApp();
  const client = useQueryClient();
  const complain = useComplain();
  const [conflict, setConflict] = useState<Conflict>();
  const own = useRef(new Map<string, string>());
  const edit = useMutation({
    // One request at a time: a mark set while a note is saved builds on the version with the note.
    scope: { id: `annotation of ${recording.id}` },
    mutationFn: async ({ values, on }: { values: Values; on: Recording }) => {
      const header = { 'if-match': latest(own.current, on.version) };
      const after = await answered(
        api.PATCH('/v1/recordings/{id}', { params: { path: { id: on.id }, header }, body: values }),
      );
      if (!after) throw new Error('the service withheld the recording'); // 204, for applications that may not read
      own.current.set(header['if-match'], after.version);
      return after;
    },
    onMutate: ({ values, on }) => put(client, edited(on, values)),
    onSuccess: (after, { values, on }) => {
      put(client, after);
      void client.invalidateQueries({ queryKey: ['edits', on.id] });
      done?.(on, after, values);
    },
    onError: (error, { values, on }) => {
      const current = error instanceof Problem ? error.current : undefined;
      put(client, current ?? on);
      if (current && agrees(current, values)) return;
      if (current) setConflict({ mine: values, theirs: current });
      else complain(error);
    },
  });
  return {
    /** Saves the values that differ. Resolves to whether they were saved or became a conflict. */
    async annotate(values: Values, on = recording): Promise<boolean> {
      const changed = Object.fromEntries(
        Object.entries(values).filter(([name, text]) => (text ?? '') !== textOf(on, name as ValueName)),
      );
      if (!Object.keys(changed).length) return true;
      return edit.mutateAsync({ values: changed, on }).then(
        () => true,
        (error) => error instanceof Problem && error.current !== undefined,
      );
    },
    saving: edit.isPending,
    failed: edit.isError,
    conflict,
    settle(values: Values | undefined) {
      const theirs = conflict?.theirs;
      setConflict(undefined);
      if (values && theirs) edit.mutate({ values, on: theirs });
    },
  };
}

/** The version after this user's own edits of `version`. */
function latest(own: Map<string, string>, version: string): string {
  const next = own.get(version);
  return next === undefined ? version : latest(own, next);
}

/** The other user's text, then this user's. */
export function joined(theirs: string, mine: string): string {
  if (!theirs || theirs === mine) return mine;
  return mine ? `${theirs}\n${mine}` : theirs;
}

function edited(recording: Recording, values: Values): Recording {
  const fields = recording.fields.map((field, index) => {
    const name = FIELDS[index];
    return name && name in values ? values[name] || null : field;
  });
  return {
    ...recording,
    ...('note' in values ? { note: values.note || null } : {}),
    ...('mark' in values ? { mark: values.mark || null } : {}),
    fields,
  };
}

function agrees(recording: Recording, values: Values): boolean {
  return Object.entries(values).every(([name, text]) => textOf(recording, name as ValueName) === (text ?? ''));
}
