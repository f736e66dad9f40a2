/** Formats an amount of SEK from the API in the page's language: 1 234,50 kr. */
export function kronor(amount: number | string, locale: string): string {
  return Number(amount).toLocaleString(locale, { style: 'currency', currency: 'SEK', signDisplay: 'negative' });
}
