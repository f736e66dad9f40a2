/** Whether a text says why, as the service asks of a reason: it has a letter. Hangul's fillers are letters that nobody sees. */
export function saysWhy(text: string): boolean {
  return /\p{Alphabetic}/u.test(text.replace(/[\u115f\u1160\u3164\uffa0]/gu, ''));
}
