// Telephone numbers in Swedish notation. They are stored as E.164.

/** The words for a counterpart that names nobody. */
export function nobody(counterpart: string, words: { withheld: string; unknown: string }): string | undefined {
  if (counterpart === 'withheld') return words.withheld;
  return counterpart === 'unknown' ? words.unknown : undefined;
}

/** A Swedish number in national form; any other with its country code set apart. */
export function written(number: string): string {
  if (!number.startsWith('+')) return number;
  if (!number.startsWith('+46'))
    return number.replace(/^(\+\d{2})(\d{2})(\d+)$/, (_, code, first, rest) => `${code} ${first} ${spread(rest)}`);
  const national = `0${number.slice(3)}`;
  const area = areaOf(national);
  return `${national.slice(0, area)}-${spread(national.slice(area))}`;
}

/** Digits in the area code: 08, mobile and most towns three, the rest four. */
function areaOf(national: string): number {
  if (national.startsWith('08')) return 2;
  return /^0(7\d|1[013689]|2[13]|3[1356]|4[0246]|54|6[03]|90)/.test(national) ? 3 : 4;
}

const SPREADS: Record<number, number[]> = { 5: [3, 2], 6: [2, 2, 2], 7: [3, 2, 2], 8: [3, 3, 2], 9: [3, 2, 2, 2] };

function spread(digits: string): string {
  const sizes = SPREADS[digits.length] ?? [digits.length];
  const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
  return starts.map((start, index) => digits.slice(start, start + (sizes[index] ?? 0))).join(' ');
}
