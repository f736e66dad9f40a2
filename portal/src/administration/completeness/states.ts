// The states of a day's calls, in the order in which people look at them.

import type { Schemas } from '../../api/client';

export type Counts = Schemas['CallCounts'];
export type State = Schemas['CallState'];

/** Each state with the member that counts it: what needs a person first. */
export const STATES = [
  ['missing', 'missing'],
  ['expected', 'expected'],
  ['damaged', 'damaged'],
  ['rejected', 'rejected'],
  ['refused', 'refused'],
  ['not-recorded', 'notRecorded'],
  ['erased', 'erased'],
  ['stored', 'stored'],
] as const satisfies readonly (readonly [State, keyof Counts])[];

export function isState(name: unknown): name is State {
  return STATES.some(([state]) => state === name);
}

/** The states that some call of the day is in. */
export function present(counts: Counts): { state: State; count: number }[] {
  return STATES.map(([state, member]) => ({ state, count: counts[member] })).filter(({ count }) => count > 0);
}

/** The state to show first: the first that needs a person, or else the stored calls. */
export function first(counts: Counts): State {
  return present(counts)[0]?.state ?? 'stored';
}

/** The missing share of the calls that were to be recorded, from 0 to 1. */
export function missingShare({ calls, refused, notRecorded, missing }: Counts): number {
  const toRecord = calls - refused - notRecorded;
  return toRecord > 0 ? missing / toRecord : 0;
}
