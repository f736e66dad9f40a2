// What the nightly sweep says, read for people: whether it came, and what a count differs by.

/** After a night of 25 hours and a morning's patience, the sweep of this night has not come. */
const LATE_MS = 30 * 3_600_000;

export function overdue(at: string, now: Date): boolean {
  return now.getTime() - Date.parse(at) > LATE_MS;
}

export type Count = { recordings: number; bytes: number };
export type Differing = { counted: Count; stored: Count };

/** What a finding of the usage differs by. */
export function differing(detail: unknown): Differing | undefined {
  const { counted, stored } = (detail ?? {}) as Partial<Differing>;
  return isCount(counted) && isCount(stored) ? { counted, stored } : undefined;
}

function isCount(value: unknown): value is Count {
  const { recordings, bytes } = (value ?? {}) as Partial<Count>;
  return typeof recordings === 'number' && typeof bytes === 'number';
}
