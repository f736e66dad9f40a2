// The telephone number of each erasure previewed on this page. The service stores only its last two
// digits. The number is in memory only, and gone when the page is closed.

const numbers = new Map<string, string>();

export function keepTyped(erasure: string, number: string) {
  numbers.set(erasure, number);
}

/** The whole number in E.164; undefined if it was typed elsewhere or before a reload. */
export function typedFor(erasure: string): string | undefined {
  return numbers.get(erasure);
}
