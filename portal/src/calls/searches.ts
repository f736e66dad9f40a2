// Searches that someone keeps, until they sign out. One that names no person, number or word is kept on the computer; any other goes with the
// tab. Either lives on as its link, where the user puts it.

import { prefer, preferences } from '../preferences';
import { isImpersonal, readFilters } from './filters';

const KEY = 'searches';

export function searches(): string[] {
  return [...(preferences().searches ?? []), ...ofTheSession()];
}

/** Keeps the search that an address holds. */
export function keep(search: string) {
  if (searches().includes(search)) return;
  if (isImpersonal(filtersOf(search))) prefer({ searches: [...(preferences().searches ?? []), search] });
  else sessionStorage.setItem(KEY, JSON.stringify([...ofTheSession(), search]));
}

export function forget(search: string) {
  prefer({ searches: (preferences().searches ?? []).filter((kept) => kept !== search) });
  sessionStorage.setItem(KEY, JSON.stringify(ofTheSession().filter((kept) => kept !== search)));
}

export function filtersOf(search: string) {
  return readFilters(Object.fromEntries(new URLSearchParams(search)));
}

function ofTheSession(): string[] {
  return JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
}
