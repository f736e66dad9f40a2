// The detail of an audit event. A search event has keyed hashes for numbers, names and words.

interface Hashed {
  hash: string;
  ends?: string | null;
}

/** Characters of a hash that are shown, enough to recognise two searches for the same value. */
const SHOWN = 6;

/** The filters of a search by name; `…67 #k3f9ab` is a number that ends in 67. */
export function shownDetail(detail: string, names: Record<string, string>): string {
  const values = parsed(detail);
  if (!values || !Object.values(values).some(isHashed)) return detail;
  return Object.entries(values)
    .map(([name, value]) => `${names[name] ?? name}: ${shown(value)}`)
    .join(', ');
}

function shown(value: unknown): string {
  if (!isHashed(value)) return String(value);
  const hash = `#${value.hash.slice(0, SHOWN)}`;
  return value.ends ? `…${value.ends} ${hash}` : hash;
}

function isHashed(value: unknown): value is Hashed {
  return typeof value === 'object' && value !== null && 'hash' in value && typeof value.hash === 'string';
}

function parsed(detail: string): Record<string, unknown> | undefined {
  try {
    const values: unknown = JSON.parse(detail);
    return typeof values === 'object' && values !== null ? (values as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
