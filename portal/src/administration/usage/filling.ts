// How far the allowance is used up, and when it will be: the levels are those of the warnings (`domain::billing::fill`).

export type Level = 'below' | 'nearly' | 'full';

export function levelOf(stored: number, allowance: number): Level {
  if (stored <= 0) return 'below';
  if (stored >= allowance) return 'full';
  return stored * 100 >= allowance * 80 ? 'nearly' : 'below';
}

/** Whole percent, never rounded up to a level that is not reached; none where nothing is included. */
export function percentOf(stored: number, allowance: number): number | undefined {
  return allowance > 0 ? Math.max(0, Math.floor((stored * 100) / allowance)) : undefined;
}

export type Forecast = 'unknown' | 'never' | 'full' | { days: number };

/** What the API reckons, told apart from what cannot be reckoned yet: a growth needs two days that are over. */
export function forecastOf(daysUntilFull: number | null | undefined, days: number): Forecast {
  if (daysUntilFull === 0) return 'full';
  if (daysUntilFull) return { days: daysUntilFull };
  return days < 2 ? 'unknown' : 'never';
}
