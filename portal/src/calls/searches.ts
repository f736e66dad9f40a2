// Saved searches, until sign-out. A search without a person, number or word is stored on the
// computer; any other in the tab. A copied link outlives both.

import { prefer, preferences } from '../preferences';
import { isImpersonal, readFilters } from './filters';

const KEY = 'searches';

export function searches(): string[] {
  return [...(preferences().searches ?? []), ...ofTheSession()];
}

/** Saves the search of an address. */
export function keep(search: string) {
  if (searches().includes(search)) return;
  if (isImpersonal(filtersOf(search))) prefer({ searches: [...(preferences().searches ?? []), search] });
  else sessionStorage.setItem(KEY, JSON.stringify([...ofTheSession(), search]));
}

export function forget(search: string) {
  prefer({ searches: (preferences().searches ?? []).filter((saved) => saved !== search) });
  sessionStorage.setItem(KEY, JSON.stringify(ofTheSession().filter((saved) => saved !== search)));
}

export function filtersOf(search: string) {
  return readFilters(Object.fromEntries(new URLSearchParams(search)));
}

function ofTheSession(): string[] {
  return JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
}
