import type { Schemas } from '../../api/client';

/** Where a day's folder is: `overdue` where it should have been complete by now. */
export function stateOf({ state, dueAt }: Pick<Schemas['Drop'], 'state' | 'dueAt'>, now: Date): string {
  return state === 'building' && new Date(dueAt) < now ? 'overdue' : state;
}
