import type { Schemas } from '../api/client';
import { type Filters, query } from './filters';

export type Sought = Partial<Schemas['SoughtRecordings']>;

/** The filters of a search as a hold takes them: what is found, and not in which order. */
export function sought({ order: _, ...filters }: Filters, now: Date): Sought {
  const { limit, cursor, order, ...found } = query(filters, now);
  return found as Sought;
}
