// The person of an erasure: parses a typed number, and shows what the service stores of it.

/** A Swedish number has at least seven digits; a foreign one may be shorter. */
const NUMBER = /^\+(?:46[1-9]\d{6,8}|(?!46)[1-9]\d{6,14})$/;

/** Converts to E.164: 070-123 45 67 is +46701234567. A number without a country code is Swedish. */
export function e164(text: string): string | undefined {
  const bare = text.replace(/[\s().\-–/]/g, '').replace(/^00/, '+');
  const number = bare.startsWith('0') ? `+46${bare.slice(1)}` : bare;
  return NUMBER.test(number) ? number : undefined;
}

export type About = { user: string } | { digits: string };

/** `user anna`, or the last digits of a number: `…67`. */
export function aboutOf(remembered: string): About {
  return remembered.startsWith('user ')
    ? { user: remembered.slice('user '.length) }
    : { digits: remembered.replace('…', '') };
}
