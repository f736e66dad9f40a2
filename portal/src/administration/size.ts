const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Formats bytes in the fitting decimal unit: 0 B, 812 kB, 1,4 GB. */
export function size(bytes: number, locale: string): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(Math.abs(bytes), 1)) / 3), UNITS.length - 1);
  const amount = bytes / 1000 ** power;
  const digits = Math.abs(amount) < 10 && power > 0 ? 1 : 0;
  return `${amount.toLocaleString(locale, { maximumFractionDigits: digits })} ${UNITS[power]}`;
}
