// What is said of a call: note, mark and fields. A change shows at once and is taken back where it is refused; one that meets another's is put
// to the one who made it, with both texts.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { answered } from '../api/client';
import { Problem, type Recording } from '../api/problem';
import { useApp } from '../app';
import { useComplain } from '../frame/complain';
import { put } from './recordings';

export type Said = {
  note?: string | null;
  mark?: string | null;
  field1?: string | null;
  field2?: string | null;
  field3?: string | null;
};
export type SaidName = keyof Said;
export type Conflict = { mine: Said; theirs: Recording };

const FIELD: Partial<Record<SaidName, number>> = { field1: 0, field2: 1, field3: 2 };

export function saidOf(recording: Recording, name: SaidName): string {
  const field = FIELD[name];
  return (field === undefined ? recording[name as 'note' | 'mark'] : recording.fields[field]) ?? '';
}

export function useAnnotation(recording: Recording, done?: (before: Recording, after: Recording, said: Said) => void) {
  const { api } = useApp();
  const client = useQueryClient();
  const complain = useComplain();
  const [conflict, setConflict] = useState<Conflict>();
  const own = useRef(new Map<string, string>());
  const edit = useMutation({
    // One at a time: a mark that is set while a note is on its way is set on the note's version, which is one's own.
    scope: { id: `annotation of ${recording.id}` },
    mutationFn: async ({ said, on }: { said: Said; on: Recording }) => {
      const header = { 'if-match': latest(own.current, on.version) };
      const after = await answered(
        api.PATCH('/v1/recordings/{id}', { params: { path: { id: on.id }, header }, body: said }),
      );
      own.current.set(header['if-match'], (after as Recording).version);
      return after;
    },
    onMutate: ({ said, on }) => put(client, withSaid(on, said)),
    onSuccess: (after, { said, on }) => {
      put(client, after as Recording);
      void client.invalidateQueries({ queryKey: ['edits', on.id] });
      done?.(on, after as Recording, said);
    },
    onError: (error, { said, on }) => {
      const current = error instanceof Problem ? error.current : undefined;
      put(client, current ?? on);
      if (current && agrees(current, said)) return;
      if (current) setConflict({ mine: said, theirs: current });
      else complain(error);
    },
  });
  return {
    /** Changes only what differs. Answers whether that was done, or put to the one who says it. */
    async say(said: Said, on = recording): Promise<boolean> {
      const changed = Object.fromEntries(
        Object.entries(said).filter(([name, text]) => (text ?? '') !== saidOf(on, name as SaidName)),
      );
      if (!Object.keys(changed).length) return true;
      return edit.mutateAsync({ said: changed, on }).then(
        () => true,
        (error) => error instanceof Problem && error.current !== undefined,
      );
    },
    saving: edit.isPending,
    failed: edit.isError,
    conflict,
    settle(said: Said | undefined) {
      const theirs = conflict?.theirs;
      setConflict(undefined);
      if (said && theirs) edit.mutate({ said, on: theirs });
    },
  };
}

/** The version that one's own edits have made of it. */
function latest(own: Map<string, string>, version: string): string {
  const next = own.get(version);
  return next === undefined ? version : latest(own, next);
}

/** What the other said and what one said, one after the other. */
export function joined(theirs: string, mine: string): string {
  if (!theirs || theirs === mine) return mine;
  return mine ? `${theirs}\n${mine}` : theirs;
}

function withSaid(recording: Recording, said: Said): Recording {
  const fields = recording.fields.map((field, index) => {
    const name = `field${index + 1}` as SaidName;
    return name in said ? said[name] || null : field;
  });
  return {
    ...recording,
    ...('note' in said ? { note: said.note || null } : {}),
    ...('mark' in said ? { mark: said.mark || null } : {}),
    fields,
  };
}

function agrees(recording: Recording, said: Said): boolean {
  return Object.entries(said).every(([name, text]) => saidOf(recording, name as SaidName) === (text ?? ''));
}
