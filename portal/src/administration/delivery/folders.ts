import type { Schemas } from '../../api/client';

/** The state of a day's folder; `overdue` if it should be complete by now. */
export function stateOf({ state, dueAt }: Pick<Schemas['Drop'], 'state' | 'dueAt'>, now: Date): string {
  return state === 'building' && new Date(dueAt) < now ? 'overdue' : state;
}
