// Preferences on this computer. They persist between visits, so they contain no personal data.

import type { Language } from './words/words';

export type Preferences = {
  language?: Language;
  /** The hidden columns of the calls. */
  hidden?: string[];
  /** Single-key shortcuts. Users who dictate or mistype can disable them (WCAG 2.1.4). */
  keys?: boolean;
  speed?: number;
  volume?: number;
  skipSilence?: boolean;
  /** Searches that name no person, number or word. */
  searches?: string[];
};

const KEY = 'preferences';
/** The preferences that belong to the computer, not to its user. */
const LOOK = ['language', 'hidden', 'keys', 'speed', 'volume', 'skipSilence'];
/** Stored beside the preferences: whether the portal is light or dark. */
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

/** Removes a user's data from the computer, except how the portal looks and sounds. */
export function keepOnlyTheLook() {
  for (const name of Object.keys(localStorage)) if (name !== KEY && name !== SCHEME) localStorage.removeItem(name);
  const look = Object.entries(preferences()).filter(([name]) => LOOK.includes(name));
  localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(look)));
}
