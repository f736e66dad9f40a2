// Interprets the result of the nightly reconcile: whether it ran, and how a count differs.

/** A run is overdue after 30 hours: a day of 25 hours, and five hours to finish. */
const LATE_MS = 30 * 3_600_000;

export function overdue(at: string, now: Date): boolean {
  return now.getTime() - Date.parse(at) > LATE_MS;
}

export type Count = { recordings: number; bytes: number };
export type Differing = { counted: Count; stored: Count };

/** The counted and the stored value of a usage finding. */
export function differing(detail: unknown): Differing | undefined {
  if (typeof detail !== 'object' || detail === null || !('counted' in detail && 'stored' in detail)) return undefined;
  const { counted, stored } = detail;
  return isCount(counted) && isCount(stored) ? { counted, stored } : undefined;
}

function isCount(value: unknown): value is Count {
  if (typeof value !== 'object' || value === null || !('recordings' in value && 'bytes' in value)) return false;
  return typeof value.recordings === 'number' && typeof value.bytes === 'number';
}
