// What a log event says beside who and what. A search names no person: a keyed hash stands for a number, a name or words.

interface Hashed {
  hash: string;
  ends?: string | null;
}

/** Characters of a hash that are shown: enough to see that two searches were for the same. */
const SHOWN = 6;

/** The event's detail as it is shown: the filters of a search by name, `…67 #k3f9ab` for a number of which the last two digits are told. */
export function shownDetail(detail: string, names: Record<string, string>): string {
  const said = parsed(detail);
  if (!said || !Object.values(said).some(isHashed)) return detail;
  return Object.entries(said)
    .map(([name, value]) => `${names[name] ?? name}: ${shown(value)}`)
    .join(', ');
}

function shown(value: unknown): string {
  if (!isHashed(value)) return String(value);
  const hash = `#${value.hash.slice(0, SHOWN)}`;
  return value.ends ? `…${value.ends} ${hash}` : hash;
}

function isHashed(value: unknown): value is Hashed {
  return typeof value === 'object' && value !== null && typeof (value as Hashed).hash === 'string';
}

function parsed(detail: string): Record<string, unknown> | undefined {
  try {
    const said: unknown = JSON.parse(detail);
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
