// What someone prefers on this computer. Kept between visits, so nothing in it says who they are or what they looked for.

import type { Language } from './words/words';

export type Preferences = {
  language?: Language;
  /** Columns of the calls that are hidden. */
  hidden?: string[];
  /** Single keys do something; those who dictate or whose hands slip switch them off (WCAG 2.1.4). */
  keys?: boolean;
  speed?: number;
  volume?: number;
  skipSilence?: boolean;
  /** Searches that name no person, number or word. */
  searches?: string[];
};

const KEY = 'preferences';

export function preferences(): Preferences {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    return {};
  }
}

export function prefer(changed: Preferences) {
  localStorage.setItem(KEY, JSON.stringify({ ...preferences(), ...changed }));
}
