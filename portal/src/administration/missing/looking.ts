// What the nightly sweep says, read for people: whether it came, how old a finding is, and what a count differs by.

/** After a night of 25 hours and a morning's patience, the sweep of this night has not come. */
const LATE_MS = 30 * 3_600_000;

export function overdue(at: string, now: Date): boolean {
  return now.getTime() - Date.parse(at) > LATE_MS;
}

/** In the largest unit of which there are two: 2 dagar, 47 timmar, 59 minuter. */
export function age(seconds: number, locale: string): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  const [unit, length] = units.find(([, length]) => seconds >= 2 * length) ?? ['minute', 60];
  const amount = Math.max(Math.floor(seconds / length), 0);
  return amount.toLocaleString(locale, { style: 'unit', unit, unitDisplay: 'long' });
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
