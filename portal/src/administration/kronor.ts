/** An amount of SEK, as the API spells it, in the way of the language: 1 234,50 kr. */
export function kronor(amount: number | string, locale: string): string {
  return Number(amount).toLocaleString(locale, { style: 'currency', currency: 'SEK', signDisplay: 'negative' });
}
