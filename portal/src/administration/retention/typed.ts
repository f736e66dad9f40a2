// The number of each erasure that was previewed here. The service remembers its last two digits, so only this page knows the rest: it is in
// no storage, and gone when the page is left for good.

const numbers = new Map<string, string>();

export function keepTyped(erasure: string, number: string) {
  numbers.set(erasure, number);
}

/** The whole number, in E.164; undefined where it was typed elsewhere, or before the page was loaded. */
export function typedFor(erasure: string): string | undefined {
  return numbers.get(erasure);
}
