// For how many days an organisation may keep its recordings.

export const FEWEST = 180;
const MOST = 3650;

export function mostDays(storageAddOn: boolean): number {
  return storageAddOn ? MOST : FEWEST;
}

/** The days that were typed, if they may be chosen. */
export function daysOf(typed: string, storageAddOn: boolean): number | undefined {
  const text = typed.replace(/\s/g, '');
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return days >= FEWEST && days <= mostDays(storageAddOn) ? days : undefined;
}
