// Telephone numbers as each country writes them. They are stored as E.164.

import type { CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { useSyncExternalStore } from 'react';

/** The words for a counterpart that names nobody. */
export function nobody(counterpart: string, words: { withheld: string; unknown: string }): string | undefined {
  if (counterpart === 'withheld') return words.withheld;
  return counterpart === 'unknown' ? words.unknown : undefined;
}

// libphonenumber is fetched after the first page, which shows numbers as E.164 until then.
let parse: typeof parsePhoneNumberFromString | undefined;
const waiting = new Set<() => void>();

/** Fetches the formats of all countries. */
export async function loadNumbers(): Promise<void> {
  parse = (await import('libphonenumber-js/min')).parsePhoneNumberFromString;
  for (const tell of waiting) tell();
}

/** A number of the home country in its national form, and any other in the international one. */
export function written(number: string, home: string): string {
  const known = number.startsWith('+') ? parse?.(number) : undefined;
  if (!known) return number;
  return known.country === (home as CountryCode) ? known.formatNational() : known.formatInternational();
}

/** Shows its component again once the formats are there. */
export function useNumbers(): void {
  useSyncExternalStore(
    (tell) => {
      waiting.add(tell);
      return () => waiting.delete(tell);
    },
    () => parse !== undefined,
  );
}
