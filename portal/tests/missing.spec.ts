import { hide, soundOf } from './aws';
import { stored } from './cloud';
import { LOST, reconcile } from './past';
import { expect, type Page, test } from './portal';

const DAY = 24 * 60;
const found = (page: Page) => page.getByRole('region', { name: 'Det som inte stämmer' }).locator('tbody tr');
const refresh = (page: Page) => page.getByRole('button', { name: 'Uppdatera' }).click();

test.describe.configure({ mode: 'serial' });

test('lost audio is listed with a link to its call, and with what was compared', async ({ signedIn }) => {
  const id = await stored(LOST);
  const page = await signedIn('karin', '/administration/missing');
  const row = found(page).filter({ hasText: 'Ljudet är borta' });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Kontakta operatören genast');
  await expect(row).toContainText('Kvarstår');
  await expect(row).toContainText('Nils Ek');
  const reconciled = page.locator('.card').filter({ hasText: 'Senaste genomgången' });
  await expect(reconciled).toContainText(/Gjordi (dag|går) \d\d:\d\d/);
  await expect(reconciled).toContainText(/Filer, alla\d+/);
  await row.getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/calls/${id}`));
  await expect(page.getByRole('heading', { level: 2, name: 'Nils Ek' })).toBeVisible();
});

test('audio that was removed by hand is restored, and listed until the next night', async ({ signedIn }) => {
  const call = { id: `portal-removed-${Date.now()}`, user: 'nils', speech: '2s.ogg', ago: 11 * DAY } as const;
  const id = await stored(call);
  await hide(soundOf('demo', id));
  await reconcile('demo');
  const page = await signedIn('karin', '/administration/missing');
  const row = found(page).filter({ hasText: 'Ljudet var borttaget' });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Åtgärdat');
  await expect(row.getByRole('link')).toHaveAttribute('href', `/calls/${id}`);

  await expect(async () => {
    await reconcile('demo');
    await refresh(page);
    await expect(row).toHaveCount(0, { timeout: 1000 });
  }).toPass();
  await page.goto(new URL(`/calls/${id}`, page.url()).href);
  await page.getByRole('button', { name: 'Spela', exact: true }).click();
  await expect.poll(() => page.evaluate(() => document.querySelector('audio')?.currentTime ?? 0)).toBeGreaterThan(0);
});

test('a wrong count shows the counted and the stored value', async ({ signedIn }) => {
  await reconcile('annan');
  const page = await signedIn('lars', '/administration/missing');
  const row = found(page).filter({ hasText: 'Räkningen stämmer inte med det lagrade' });
  await expect(row).toContainText('Räknat: 412 samtal, 26 MB. Lagrat: 1 samtal,');
  await expect(row.getByRole('link', { name: 'Lars Öman' })).toHaveAttribute('href', /users\?user=lars$/);
});

test('a finding without a call names its file, and an unknown kind shows the service’s name', async ({ signedIn }) => {
  const page = await signedIn('lars');
  const file = 'recordings/annan/<img src=x onerror="window.attacked=true">';
  const finding = { since: new Date().toISOString(), ageSeconds: 200_000, repaired: false };
  const findings = [
    { ...finding, kind: 'stray', key: file, repaired: true },
    { ...finding, kind: 'no-recording', recording: '00000000000000000000000000' },
    { ...finding, kind: 'usage', detail: 'unread' },
    { ...finding, kind: 'moonlight', user: 'lars' },
  ];
  await page.route('**/v1/missing?*', (route) =>
    route.fulfill({ json: { findings, reconciled: null }, headers: { 'access-control-allow-origin': '*' } }),
  );
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: 'Saknade' }).click();
  await expect(found(page)).toHaveCount(4);
  await expect(found(page).nth(0)).toContainText(file);
  await expect(found(page).nth(0)).toContainText('2 dygn');
  await expect(found(page).nth(1)).toContainText('Samtalet finns inte');
  await expect(found(page).nth(1).getByRole('link')).toHaveCount(0);
  await expect(found(page).nth(2)).toContainText('Alla användare tillsammans');
  await expect(found(page).nth(3)).toContainText('moonlight');
  expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
});

test('the page says that nothing is missing and when it was checked, or when the first check is', async ({
  signedIn,
}) => {
  const page = await signedIn('lars');
  let reconciled: unknown = { at: new Date().toISOString(), recordings: 2, older: 0, objects: 2, words: 3, ofWords: 8 };
  await page.route('**/v1/missing?*', (route) =>
    route.fulfill({ json: { findings: [], reconciled }, headers: { 'access-control-allow-origin': '*' } }),
  );
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: 'Saknade' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'Inget saknas' })).toBeVisible();
  await expect(page.getByText(/^Senast genomgånget i dag/)).toBeVisible();
  await expect(page.getByText('3 av 8; resten kommer andra nätter')).toBeVisible();
  reconciled = null;
  await refresh(page);
  await expect(page.getByText('Ingen genomgång är gjord än.')).toBeVisible();
  await expect(page.getByText('Inget saknas')).toHaveCount(0);
});

for (const [name, address, asked] of [
  ['the usage', '/administration/usage', '**/v1/usage*'],
  ['the statements', '/administration/statements', '**/v1/statements*'],
  ['a statement', '/administration/statements/2026-01', '**/v1/statements/*'],
  ['what is missing', '/administration/missing', '**/v1/missing?*'],
] as const) {
  test(`${name}: loading, failed, and retried`, async ({ signedIn }) => {
    const page = await signedIn('lars', '/me');
    let failing = true;
    let answer = () => {};
    const waited = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route(asked, async (route) => {
      await waited;
      if (!failing) return route.continue();
      const headers = { 'access-control-allow-origin': '*' };
      return route.fulfill({ status: 422, contentType: 'application/problem+json', headers, body: '{}' });
    });
    await page.goto(new URL(address, page.url()).href);
    await expect(page.getByRole('status', { name: 'Hämtar …' })).toBeVisible();
    answer();
    await expect(page.getByRole('alert')).toContainText('Det gick inte');
    failing = false;
    await page.getByRole('button', { name: 'Försök igen' }).click();
    await expect(page.getByRole('alert')).toHaveCount(0);
    await expect(page.getByRole('status', { name: 'Hämtar …' })).toHaveCount(0);
  });

  test(`${name} is refused to a user who is not an administrator`, async ({ signedIn }) => {
    const page = await signedIn('anna', address);
    await expect(page.getByRole('heading', { name: 'Du har inte behörighet till det här' })).toBeVisible();
  });
}
