// The level and forecast of the allowance; levels as in the warnings (`domain::billing::fill`).

export type Level = 'below' | 'nearly' | 'full';

export function levelOf(stored: number, allowance: number): Level {
  if (stored <= 0) return 'below';
  if (stored >= allowance) return 'full';
  return stored * 100 >= allowance * 80 ? 'nearly' : 'below';
}

/** Whole percent, rounded down so that no level shows too early; undefined without an allowance. */
export function percentOf(stored: number, allowance: number): number | undefined {
  return allowance > 0 ? Math.max(0, Math.floor((stored * 100) / allowance)) : undefined;
}

export type Forecast = 'unknown' | 'never' | 'full' | { days: number };

/** The API's forecast; `unknown` until two days are over, which growth needs. */
export function forecastOf(daysUntilFull: number | null | undefined, days: number): Forecast {
  if (daysUntilFull === 0) return 'full';
  if (daysUntilFull) return { days: daysUntilFull };
  return days < 2 ? 'unknown' : 'never';
}
