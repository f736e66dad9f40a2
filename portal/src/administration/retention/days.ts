// The numbers of days that an organisation may choose as its retention.

export const FEWEST = 180;
const MOST = 3650;

export function mostDays(storageAddOn: boolean): number {
  return storageAddOn ? MOST : FEWEST;
}

/** The typed number of days, if it is allowed. */
export function daysOf(typed: string, storageAddOn: boolean): number | undefined {
  const text = typed.replace(/\s/g, '');
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return days >= FEWEST && days <= mostDays(storageAddOn) ? days : undefined;
}
