import type { Schemas } from '../api/client';
import { type Filters, query } from './filters';

export type Criteria = Partial<Schemas['CriteriaRecordings']>;

/** The criteria of a search for a legal hold: its filters without the order. */
export function criteriaOf({ order: _, ...filters }: Filters, now: Date): Criteria {
  const { limit, cursor, order, ...found } = query(filters, now);
  return found;
}
