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
/** What is of the computer, and not of whom uses it. */
const LOOK = ['language', 'hidden', 'keys', 'speed', 'volume', 'skipSilence'];
/** Beside the preferences: whether the portal is light or dark. */
const SCHEME = 'look';

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

/** Takes away all that someone left on the computer, but for how the portal looks and sounds there. */
export function keepOnlyTheLook() {
  for (const name of Object.keys(localStorage)) if (name !== KEY && name !== SCHEME) localStorage.removeItem(name);
  const look = Object.entries(preferences()).filter(([name]) => LOOK.includes(name));
  localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(look)));
}
