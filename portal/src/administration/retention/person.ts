// Whom an erasure is about: a number as people write it, and what the service remembers of it.

/** A Swedish number has seven digits at least; of others, fewer is known. */
const NUMBER = /^\+(?:46[1-9]\d{6,8}|(?!46)[1-9]\d{6,14})$/;

/** In E.164: 070-123 45 67 is +46701234567. A number without a country is a Swedish one. */
export function e164(text: string): string | undefined {
  const bare = text.replace(/[\s().\-–/]/g, '').replace(/^00/, '+');
  const number = bare.startsWith('0') ? `+46${bare.slice(1)}` : bare;
  return NUMBER.test(number) ? number : undefined;
}

export type About = { user: string } | { digits: string };

/** `user anna`, or a number's last digits: `…67`. */
export function aboutOf(remembered: string): About {
  return remembered.startsWith('user ')
    ? { user: remembered.slice('user '.length) }
    : { digits: remembered.replace('…', '') };
}
