// Fixtures that need time or a manual error: billed months and past days of the other
// organisation, and a call whose audio is lost. They are written as the service writes them, and
// are safe to repeat. The service calculates the rest.

import { dayOf, shifted, startOf } from '../src/time';
import { destroy, invoke, put, soundOf } from './aws';
import { as, asOperator, type Call, done, NOW, stored } from './cloud';

const HOUR = 3_600_000;
const ORGANISATION = 'annan';

export const TODAY = dayOf(new Date(NOW));
/** yyyy-mm, this many months before the cloud started. */
function month(before: number): string {
  const [year = 0, of = 1] = TODAY.split('-').map(Number);
  return new Date(Date.UTC(year, of - 1 - before, 1)).toISOString().slice(0, 7);
}
export const [LAST, BEFORE] = [month(1), month(2)];

/** A call whose audio is deleted. */
export const LOST: Call = {
  id: 'portal-lost',
  user: 'nils',
  speech: '2s.ogg',
  counterpart: '+46708886006',
  ago: 20 * 24 * 60,
};

/** Bytes at the end of the last day; 30 MB are included. */
export const STORED = 25_900_000;
const [GROWTH, DAYS] = [180_000, 30];

/**
 * Lars and Olle are on from the month before last, when much is stored. Lars is off at the end of
 * last month, until the demo. The month before last has fees, users and storage; last has users.
 */
export async function pass() {
  await heldStill();
  const known = startOf(`${month(3)}-01`).getTime();
  const prices = { start_fee: '99.00', user_month: '49.00', storage: '4.25' };
  await item('OPERATOR#price', `2026-01-01#${stamp(known)}`, { by: 'operator:demonstration', ...prices }, {});
  await provisioned('olle', 'Olle Sjö');
  await switched('lars', `${BEFORE}-05`, 'activated');
  await switched('olle', `${BEFORE}-10`, 'activated');
  await switched('lars', `${LAST}-25`, 'deactivated');
  const first = shifted(TODAY, -DAYS);
  for (let day = `${BEFORE}-01`; day < first; day = shifted(day, 1))
    await over(day, day < `${LAST}-01` ? 300_000_000 : 0);
  for (let nth = 0; nth < DAYS; nth++) await over(shifted(first, nth), STORED - (DAYS - 1 - nth) * GROWTH);
  await item(`${ORGANISATION}#usage`, 'lars', {}, { recordings: 412, ms: 61_000_000, bytes: STORED });
  for (const billed of [BEFORE, LAST]) await invoke('billing', { task: 'month', month: billed });
}

/** The current month according to the service, because a month may end during the tests. */
export async function running(): Promise<string> {
  return (await done((await as('lars')).GET('/v1/statements'))).running;
}

/** Corrects Olle's deactivation to the month before last, at the previewed price: a correction. */
export async function putRight() {
  const params = { path: { organisation: ORGANISATION, user: 'olle' } };
  const body = { at: startOf(`${BEFORE}-20`).toISOString(), active: false, reason: 'told by telephone' };
  const operator = await asOperator();
  const put = (total: string | null) =>
    done(
      operator.POST('/v1/organisations/{organisation}/users/{user}/activations', { params, body: { ...body, total } }),
    );
  await put((await put(null)).total);
}

/** Has reconcile find a demo call whose audio is lost. */
export async function lose() {
  await destroy(soundOf('demo', await stored(LOST)));
  await reconcile('demo');
}

/** Runs reconcile for the organisation now. */
export async function reconcile(organisation: string) {
  const body = JSON.stringify({ organisation, night: new Date().toISOString() });
  const answer = await invoke('reconcile', { Records: [{ eventSource: 'aws:sqs', messageId: 'night', body }] });
  const { batchItemFailures: failed } = answer as { batchItemFailures: unknown[] };
  if (failed.length) throw new Error(`reconciling ${organisation} failed`);
}

/** Fails unless the demo switched Lars on in the current month. */
async function heldStill() {
  const { user } = await done((await as('lars')).GET('/v1/me'));
  if (!user.activatedAt || dayOf(new Date(user.activatedAt)).slice(0, 7) !== month(0))
    throw new Error('the month ended while the local cloud came up: run the tests again');
}

async function provisioned(user: string, name: string) {
  const params = { path: { organisation: ORGANISATION, user } };
  const body = { name, phone: '+46701740609', language: 'sv', plan: 'business', administrator: null } as const;
  await done((await asOperator()).PUT('/v1/organisations/{organisation}/users/{user}', { params, body }));
}

async function switched(user: string, day: string, kind: 'activated' | 'deactivated') {
  const at = startOf(day).getTime() + 12 * HOUR;
  await item(`${ORGANISATION}#activation`, `${user}#${stamp(at)}#${kind}`, { by: 'user:lars' }, {});
}

/** A closed day with this many bytes stored at its end. */
async function over(day: string, balance: number) {
  const counts = { recordings: 4, ms: 600_000, added: GROWTH, removed: 0, balance };
  await item(`${ORGANISATION}#day`, day, { fill: 'below' }, counts);
}

async function item(pk: string, sk: string, texts: Record<string, string>, numbers: Record<string, number>) {
  const text = Object.entries({ pk, sk, ...texts }).map(([name, S]) => [name, { S }]);
  const number = Object.entries(numbers).map(([name, N]) => [name, { N: String(N) }]);
  await put(Object.fromEntries([...text, ...number]));
}

const stamp = (at: number) => String(at).padStart(13, '0');
