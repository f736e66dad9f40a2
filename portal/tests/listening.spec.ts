import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LARGE, LONG, NIGHT, OFFER } from './calls';
import { bytesOf, cloud, speechOf } from './cloud';
import { expect, open, type Page, position, rows, test } from './portal';

const play = (page: Page) => page.getByRole('button', { name: 'Spela', exact: true });
const pause = (page: Page) => page.getByRole('button', { name: 'Pausa' });
const speed = (page: Page) => page.evaluate(() => document.querySelector('audio')?.playbackRate);

test('a call of twenty minutes plays in ranges, and playback advances', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?min=1000');
  await expect((await rows(page)).first()).toBeVisible();
  const parts: (string | null)[] = [];
  page.on('response', async (response) => {
    if (response.request().resourceType() === 'media')
      parts.push(`${response.status()} ${await response.headerValue('content-range')}`);
  });
  await (await rows(page)).first().click();
  await play(page).click();
  await expect(pause(page)).toBeVisible();
  await expect.poll(() => position(page)).toBeGreaterThan(1);
  expect(parts[0]).toMatch(/^206 bytes 0-/);
});

test('the audio is compared with the stored digest, and drawn', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?number=08-465');
  const panel = await open(page, 'offert');
  await expect(panel.locator('[data-seal="none"]')).toBeVisible();
  await play(page).click();
  await expect(panel.locator('[data-seal="unchanged"]')).toContainText('Oförändrat sedan');
  await expect(panel.locator('.waveform canvas').first()).toBeVisible();
});

test('audio that differs by one byte is reported as altered', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?number=08-465');
  const panel = await open(page, 'offert');
  const altered = bytesOf(OFFER.speech);
  altered[altered.length - 1] = (altered[altered.length - 1] ?? 0) ^ 1;
  await page.route('**/recordings/demo/**', (route) =>
    route.request().resourceType() === 'fetch'
      ? route.fulfill({ body: altered, headers: { 'access-control-allow-origin': '*' } })
      : route.continue(),
  );
  await play(page).click();
  await expect(panel.getByRole('alert')).toContainText('Ljudet är inte det som lagrades');
});

test('seeking, speed, ten seconds and keys move the sound', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?min=1000');
  await (await rows(page)).first().click();
  await play(page).click();
  await expect.poll(() => position(page)).toBeGreaterThan(0);
  const wave = page.getByRole('slider', { name: 'Plats i samtalet' });
  const box = await wave.boundingBox();
  if (!box) throw new Error('there is no waveform');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await expect.poll(() => position(page)).toBeGreaterThan(595);
  await page.getByRole('button', { name: '10 sekunder framåt' }).click();
  await expect.poll(() => position(page)).toBeGreaterThan(605);
  await page.getByRole('button', { name: '10 sekunder bakåt' }).click();
  await page.getByRole('button', { name: /^Hastighet/ }).click();
  await page.getByRole('menuitem', { name: '2×' }).click();
  await expect.poll(() => speed(page)).toBe(2);
  await page.locator('.panel-head').click();
  await page.keyboard.press('.');
  await expect.poll(() => speed(page)).toBe(2.5);
  await page.keyboard.press(' ');
  await expect(play(page)).toBeVisible();
  const paused = await position(page);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => position(page)).toBeCloseTo(paused + 5, 0);
  await wave.press('Home');
  await expect.poll(() => position(page)).toBeLessThan(1);
});

test('silence is skipped if the user chooses it', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?min=1000');
  const panel = await open(page, '20:00');
  await panel.getByRole('switch', { name: 'Hoppa över tystnad' }).click();
  await play(page).click();
  await expect(panel.locator('[data-seal="unchanged"]')).toBeVisible();
  await expect(panel.locator('.waveform canvas').first()).toBeVisible();
  await expect(panel.getByRole('switch', { name: 'Hoppa över tystnad' })).toBeChecked();
});

test('the call plays on while the user types a search or opens another call', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?min=1000');
  await (await rows(page)).first().click();
  await play(page).click();
  await expect.poll(() => position(page)).toBeGreaterThan(0);
  await page.getByRole('button', { name: /^Ta bort/ }).click();
  await (await rows(page)).filter({ hasText: 'Faktura' }).click();
  const bar = page.getByRole('region', { name: 'Spelas nu' });
  await expect(bar).toBeVisible();
  const before = await position(page);
  await expect.poll(() => position(page)).toBeGreaterThan(before);
  await bar.getByRole('button', { name: 'Sluta spela' }).click();
  await expect(bar).toHaveCount(0);
});

test('an expired link is renewed silently, and playback continues', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?min=1000');
  await (await rows(page)).filter({ hasText: '20:00' }).last().click();
  let links = 0;
  const stale: string[] = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('/playback')) links++;
    if (response.request().resourceType() === 'media') stale.push(response.url());
  });
  await play(page).click();
  // A link's signature has the second of its time, so a later link differs.
  await expect.poll(() => position(page)).toBeGreaterThan(1.5);
  const [old] = stale;
  // Moves the player's clock past the expiry of the link.
  await page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 16 * 60_000;
  });
  await page.route(old ?? '', (route) => route.fulfill({ status: 403 }));
  await page.evaluate(() => {
    const audio = document.querySelector('audio');
    audio?.load(); // the browser fetches again, as it does after a pause
  });
  await expect.poll(() => links).toBe(2);
  await expect(pause(page)).toBeVisible();
  const at = await position(page);
  await expect.poll(() => position(page)).toBeGreaterThan(at);
});

test('a copy is saved under the service’s name, and its bytes are those of the upload', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?min=1000');
  await (await rows(page)).filter({ hasText: '20:00' }).first().click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Ladda ner en kopia' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toMatch(/^\d{4}-\d{2}-\d{2}_\d{6}_anna_in_46317654321\.(ogg|wav)$/);
  const bytes = await readFile(await download.path());
  const upload = speechOf(download.suggestedFilename().endsWith('wav') ? LARGE.speech : LONG.speech);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(upload.sha256);
});

test('the administrator and the recorded user see who listened', async ({ signedIn }) => {
  const page = await signedIn('karin', '/calls?user=nils');
  await (await rows(page)).first().click();
  await play(page).click();
  await expect.poll(() => position(page)).toBeGreaterThan(0);
  await page.getByRole('tab', { name: 'Vem har lyssnat' }).click();
  await expect(page.getByRole('tabpanel')).toContainText('Karin Åberg Lyssnade');
  const own = await signedIn('nils', `/calls?counterpart=${encodeURIComponent(NIGHT.counterpart ?? '')}`);
  await (await rows(own)).first().click();
  await play(own).click();
  await expect.poll(() => position(own)).toBeGreaterThan(0);
  await own.getByRole('tab', { name: 'Vem har lyssnat' }).click();
  await expect(own.getByRole('tabpanel')).toContainText('Nils Ek Lyssnade');
  await own.getByRole('link', { name: 'Mitt' }).click();
  const card = own.locator('.card').filter({ hasText: 'Vem har lyssnat på dina samtal' });
  await expect(card).toContainText('Karin Åberg lyssnade på samtalet med 070-');
  await expect(card).not.toContainText('Du själv');
  await card.getByRole('switch', { name: 'Visa också när du själv har lyssnat' }).click();
  await expect(card.getByRole('listitem').first()).toContainText(
    'Du själv lyssnade på samtalet med 070-174 06 99, i dag',
  );
  await card.getByRole('listitem').first().getByRole('link').click();
  await expect(own.getByRole('heading', { level: 2, name: 'Nils Ek' })).toBeVisible();
});

test('an organisation that asks why gets the reason before playback', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/organisation');
  const asks = page.getByRole('switch', { name: 'Fråga varför någon lyssnar' });
  await asks.click();
  await expect(asks).toBeChecked();
  await page.getByRole('link', { name: 'Samtal', exact: true }).click();
  await (await rows(page)).first().click();
  await play(page).click();
  expect(await position(page)).toBe(0);
  await page.getByLabel('Varför lyssnar du?').fill('ärende 4411');
  await play(page).first().click();
  await expect.poll(() => position(page)).toBeGreaterThan(0);
  await page.getByRole('tab', { name: 'Vem har lyssnat' }).click();
  await expect(page.getByRole('tabpanel')).toContainText('ärende 4411');
  await page.goto(`${cloud.portal}/administration/organisation`);
  await asks.click();
  await expect(asks).not.toBeChecked();
});
