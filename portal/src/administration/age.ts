/** The age in the largest unit that fits at least twice: 2 dagar, 47 timmar, 59 minuter. */
export function age(seconds: number, locale: string): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  const [unit, length] = units.find(([, length]) => seconds >= 2 * length) ?? ['minute', 60];
  const amount = Math.max(Math.floor(seconds / length), 0);
  return amount.toLocaleString(locale, { style: 'unit', unit, unitDisplay: 'long' });
}
