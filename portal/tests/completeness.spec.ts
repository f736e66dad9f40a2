import { readFile } from 'node:fs/promises';
import { dayOf, shifted, startOf } from '../src/time';
import { as, asOperator, done, NOW, register, settled, stored, word } from './cloud';
import { reconcile } from './past';
import { expect, type Page, test } from './portal';

const YESTERDAY = shifted(dayOf(new Date(NOW)), -1);
/** Minutes from noon yesterday to the start of the cloud. */
const AGO = Math.round((NOW - startOf(YESTERDAY).getTime()) / 60_000) - 12 * 60;

/** Reports calls as the operator's switch does. */
async function report(calls: object[]) {
  const params = { path: { organisation: 'demo' } };
  const lines = calls.map((call) => `${JSON.stringify(call)}\n`).join('');
  const asked = (await asOperator()).POST('/v1/organisations/{organisation}/calls', {
    params,
    body: lines as never,
    bodySerializer: (body) => body,
    headers: { 'content-type': 'application/x-ndjson' },
  });
  return done(asked);
}

const called = (callId: string, more = {}) => ({
  callId,
  user: 'nils',
  direction: 'in',
  counterpart: '070-888 60 07',
  startedAt: new Date(startOf(YESTERDAY).getTime() + 13 * 3600_000).toISOString(),
  durationMs: 61_000,
  ...more,
});

const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

test('a missing call is found, explained, and listed with what became of the others', async ({ signedIn }) => {
  const [missing, unanswered] = [`missing-${word()}`, `unanswered-${word()}`];
  await stored({ id: `compared-${word()}`, user: 'nils', speech: '2s.ogg', ago: AGO });
  const sent = [called(missing), called(unanswered, { durationMs: 0 })];
  expect(await report(sent)).toMatchObject({ lines: 2, stored: 2, invalid: 0 });
  await reconcile('demo');

  const page = await signedIn('karin', '/administration/completeness');
  const row = region(page, 'Dagar').locator('tbody tr').first();
  await expect(row).toContainText('Öppen');
  await row.getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/completeness/${YESTERDAY}`));
  const facts = page.locator('.facts').first();
  await expect(facts).toContainText('De skulle ha spelats in, och inget har kommit.');
  const lines = region(page, 'Saknas').locator('tbody tr');
  const line = lines.filter({ hasText: '1:01' }).first();
  await expect(line).toContainText('Nils Ek');
  await expect(line).toContainText('070-888 60 07');

  await line.getByRole('button', { name: 'Förklara' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('larmar inte');
  await dialog.getByRole('textbox').fill('Telefonen blev stulen.');
  await dialog.getByRole('button', { name: 'Förklara' }).click();
  await expect(lines.filter({ hasText: 'Telefonen blev stulen.' })).toContainText('Karin');

  await facts.locator('div', { hasText: 'Skulle inte spelas in' }).getByRole('link').click();
  await expect(region(page, 'Skulle inte spelas in')).toContainText('Ingen svarade.');
  await region(page, 'Per användare').getByRole('link', { name: 'Nils Ek' }).click();
  await expect(page.getByRole('heading', { name: /^Samtal, Nils Ek$/ })).toBeVisible();
  await expect(region(page, 'Samtal').locator('tbody tr').filter({ hasText: 'Lagrade' }).first()).toBeVisible();

  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Spara som fil' }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toBe(`calls-${YESTERDAY}.csv`);
  const text = await readFile(await file.path(), 'utf8');
  expect(text).toContain('day;started;startedUtc;user;state');
  expect(text).toContain(missing);
});

test('a day without calls says so, and another user is refused', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/completeness/2001-01-01');
  await expect(page.getByText('Dagen är inte jämförd')).toBeVisible();
  const other = await signedIn('anna', '/administration/completeness');
  await expect(other.getByRole('heading', { name: 'Du har inte behörighet till det här' })).toBeVisible();
});

test('the legs of a conversation lead to each other, and a participant to all calls with them', async ({
  signedIn,
}) => {
  const conversationId = `conversation-${word()}`;
  const api = await as('nils');
  const ids: string[] = [];
  for (const [nth, participants] of [[], ['+46708886009']].entries()) {
    const call = { id: `leg-${nth}-${word()}`, user: 'nils', speech: '2s.ogg', ago: AGO - 60 - nth } as const;
    const { recording, put } = await register(call, { conversationId, participants });
    await put();
    expect(await settled('nils', recording.id)).toBe('stored');
    ids.push(recording.id);
  }
  await expect(async () => {
    const { recordings } = await done(
      api.GET('/v1/recordings', { params: { query: { conversation: conversationId } } }),
    );
    expect(recordings).toHaveLength(2);
  }).toPass();
  const page = await signedIn('karin', `/calls/${ids[0]}`);
  const panel = page.getByRole('complementary', { name: 'Samtalet' });
  const legs = panel.getByRole('region', { name: 'Samtalets delar' });
  await legs.getByRole('listitem').getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/calls/${ids[1]}`));
  await panel.getByRole('link', { name: '070-888 60 09' }).click();
  await expect(page.getByText('Deltagare: +46708886009')).toBeVisible();
  await expect(page.locator('table.calls tbody tr[data-id]')).toHaveCount(1);
});
