/** Whether a reason contains a letter, as the service requires. Hangul fillers do not count. */
export function saysWhy(text: string): boolean {
  return /\p{Alphabetic}/u.test(text.replace(/[\u115f\u1160\u3164\uffa0]/gu, ''));
}
