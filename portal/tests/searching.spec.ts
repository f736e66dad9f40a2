import { readFile } from 'node:fs/promises';
import { strFromU8, unzipSync } from 'fflate';
import { register, settled } from './cloud';
import { expect, position, rows, search, test } from './portal';

// The typed text, the kind of its suggestion, the address, and the calls found.
const CASES: [string, string, string, RegExp, RegExp][] = [
  ['a day', 'i dag', 'Tid', /period=today/, /i dag/],
  ['a length', '>19 min', 'Längd', /min=1140/, /20:00/],
  ['a name', 'nils', 'Användare', /user=nils/, /Nils Ek/],
  ['a part of a number', '070-123 45', 'Motpart', /number=070-123/, /070-123 45 67/],
  ['the end of a number', '0012', 'Motpart', /number=0012/, /(08-465 00 12|\+45 31 39 00 12)/],
  ['a withheld number', 'dolt', 'Motpart', /counterpart=withheld/, /dolt nummer/],
  ['a direction', 'utg', 'Riktning', /direction=out/, /Utgående/],
  ['a mark', 'grön', 'Märke', /mark=green/, /Grön/],
  ['words of a note', '"faktura 44', 'Notering', /note=faktura/, /Faktura 4411/],
  ['a state', 'avvis', 'Tillstånd', /state=rejected/, /Avvisat/],
];

for (const [what, typed, kind, address, found] of CASES) {
  test(`the box finds calls by ${what}`, async ({ signedIn }) => {
    const page = await signedIn('karin');
    await search(page, typed, kind);
    await expect(page).toHaveURL(address);
    const list = await rows(page);
    // Before the response the list shows the previous search, then nothing.
    const others = list.filter({ hasNotText: found });
    await expect(others).toHaveCount(0);
    await expect(list.first()).toContainText(found);
    await expect(others).toHaveCount(0);
  });
}

test('the form has every filter, and fields are found by it', async ({ signedIn }) => {
  const page = await signedIn('karin');
  await page.getByRole('button', { name: 'Filter' }).click();
  const form = page.getByRole('dialog', { name: 'Filter' });
  await form.getByLabel('Fält 1').fill('7788');
  await form.getByLabel('Fält 2').fill('göteb');
  await form.getByLabel('Fält 3').fill('slutkund');
  await form.getByLabel('Användare').selectOption('Anna Berg');
  await form.getByLabel('Märke').selectOption('Röd');
  await form.getByLabel('Minst, minuter').fill('1');
  await form.getByLabel('Högst, minuter').fill('2');
  await form.getByLabel('Riktning').selectOption('Inkommande');
  await form.getByLabel('Tillstånd').selectOption('Inspelat');
  await form.getByLabel('Kvarhållning').selectOption('Inte kvarhållet');
  await form.getByRole('button', { name: 'Sök' }).click();
  await expect(page).toHaveURL(/field1=7788/);
  await expect(await rows(page)).toHaveCount(1);
  await expect(await rows(page)).toContainText('Faktura 4411');
});

test('a search between two times uses Stockholm’s clock', async ({ signedIn }) => {
  const page = await signedIn('karin');
  const row = (await rows(page)).filter({ hasText: 'Faktura 4411' });
  const began = await row.locator('time').getAttribute('datetime');
  const stockholm = (minutes: number) =>
    new Date(Date.parse(began ?? '') + minutes * 60_000)
      .toLocaleString('sv-SE', { timeZone: 'Europe/Stockholm' })
      .slice(0, 16)
      .split(' ');
  const [[fromDay = '', fromTime = ''], [toDay = '', toTime = '']] = [stockholm(-1), stockholm(0)];
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByLabel('Från och med').fill(fromDay);
  await page.getByLabel('Klockan').first().fill(fromTime);
  await page.getByLabel('Till och med').fill(toDay);
  await page.getByLabel('Klockan').last().fill(toTime);
  await page.getByRole('button', { name: 'Sök', exact: true }).click();
  await expect(await rows(page)).toHaveCount(1);
  await expect(await rows(page)).toContainText('Faktura 4411');
});

test('the address contains the search: back, forward and reload work', async ({ signedIn }) => {
  const page = await signedIn('karin');
  await search(page, 'grön', 'Märke');
  await search(page, 'maja', 'Användare');
  await expect(page).toHaveURL(/mark=green&user=maja|user=maja&mark=green/);
  await page.goBack();
  await expect(page).toHaveURL(/\?mark=green$/);
  await page.goBack();
  await expect(page).toHaveURL(/\/calls$/);
  await page.goForward();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Ta bort Grön' })).toBeVisible();
  await expect((await rows(page)).first()).toContainText('Grön');
});

test('a chip is removed by its button and by Backspace', async ({ signedIn }) => {
  const page = await signedIn('karin', '/calls?mark=green&user=maja');
  await page.getByRole('button', { name: 'Ta bort Grön' }).click();
  await expect(page).toHaveURL(/\?user=maja$/);
  await page.getByRole('combobox', { name: 'Sök samtal' }).press('Backspace');
  await expect(page).toHaveURL(/\/calls$/);
});

test('a search that finds nothing says what to do', async ({ signedIn }) => {
  const page = await signedIn('karin', '/calls?note=finnsinte');
  await expect(page.getByRole('heading', { name: 'Inga samtal stämmer' })).toBeVisible();
  await page.getByRole('button', { name: 'Rensa' }).click();
  await expect((await rows(page)).first()).toBeVisible();
});

test('a call to an extension shows the colleague, and a foreign number is as its country writes it', async ({
  signedIn,
}) => {
  const ids = [`portal-extension-${Date.now()}`, `portal-foreign-${Date.now()}`];
  for (const [index, counterpart] of ['0605', '+441514960123'].entries())
    await register({ id: ids[index] ?? '', user: 'anna', speech: '2s.ogg', counterpart, ago: 2 + index });
  const page = await signedIn('karin', '/calls?user=anna&counterpart=0605');
  await expect((await rows(page)).first()).toContainText('Karin Åberg 0605');
  await page.goto(new URL('/calls?user=anna&counterpart=%2B441514960123', page.url()).href);
  await expect((await rows(page)).first()).toContainText('+44 151 496 0123');
});

test('refresh shows a call that has just ended, first expected and then stored', async ({ signedIn }) => {
  const page = await signedIn('omar');
  await expect((await rows(page)).first()).toBeVisible();
  const { recording, put } = await register({
    id: `portal-meanwhile-${Date.now()}`,
    user: 'omar',
    speech: '2s.ogg',
    counterpart: '+46733333333',
    ago: 0,
  });
  const row = page.locator(`tr[data-id="${recording.id}"]`);
  await expect(row).toHaveCount(0);
  await page.getByRole('button', { name: 'Uppdatera' }).click();
  await expect(row).toContainText('laddas upp');
  await row.click();
  await expect(page.getByText('Ljudet laddas upp')).toBeVisible();
  await put();
  expect(await settled('omar', recording.id)).toBe('stored');
  await page.getByRole('button', { name: 'Uppdatera' }).click();
  await expect(row).toContainText('0:02');
  await expect(page.getByRole('button', { name: 'Spela', exact: true })).toBeVisible();
});

test('a rejected call says why', async ({ signedIn }) => {
  const page = await signedIn('karin', '/calls?state=rejected');
  await (await rows(page)).first().click();
  await expect(page.getByText('Ljudet avvisades')).toBeVisible();
  await expect(page.locator('.no-sound-bad p')).not.toBeEmpty();
});

test('columns are chosen, and the choice is stored', async ({ signedIn }) => {
  const page = await signedIn('karin');
  await page.getByRole('button', { name: 'Kolumner' }).click();
  await page.getByRole('checkbox', { name: 'Fält 1' }).check();
  await page.getByRole('checkbox', { name: 'Notering' }).uncheck();
  await page.keyboard.press('Escape');
  await page.reload();
  await expect(page.getByRole('columnheader')).toHaveText(['Tid', 'Längd', 'Användare', 'Motpart', 'Märke', 'Fält 1']);
  await expect(page.getByText('ärende 7788')).toBeVisible();
});

test('the exported file has the rows of the search and every column, and text stays text', async ({ signedIn }) => {
  const page = await signedIn('karin', '/calls?user=anna');
  await expect((await rows(page)).first()).toBeVisible();
  const count = await (await rows(page)).count();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Excel' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toMatch(/^samtal-\d{4}-\d{2}-\d{2}\.xlsx$/);
  const parts = unzipSync(await readFile(await download.path()));
  const [sheet, texts] = ['xl/worksheets/sheet1.xml', 'xl/sharedStrings.xml'].map((name) =>
    strFromU8(parts[name] ?? new Uint8Array()),
  );
  expect(sheet?.match(/<row /g)).toHaveLength(count + 1);
  expect(sheet).not.toContain('<f>');
  for (const text of [
    'Tid (UTC)',
    'Längd (sekunder)',
    'Tillstånd',
    'Anna Berg',
    'Inkommande',
    '070-123 45 67',
    '+46701234567',
    'Röd',
    'Faktura 4411 gäller fel månad',
  ])
    expect(texts).toContain(`>${text}<`);
});

test('a search is saved on the computer, or until sign-out if it has a name or number', async ({ signedIn }) => {
  const page = await signedIn('karin', '/calls?mark=green');
  const saved = page.getByRole('button', { name: 'Sparade sökningar' });
  await saved.click();
  await page.getByRole('button', { name: 'Spara den här sökningen' }).click();
  await expect(page.getByRole('button', { name: 'Grön', exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.locator('.search-box').getByRole('button', { name: 'Ta bort Grön' }).click();
  await search(page, 'nils', 'Användare');
  await saved.click();
  await page.getByRole('button', { name: 'Spara den här sökningen' }).click();
  await expect(page.getByText('tills du loggar ut')).toHaveCount(1);
  await page.getByRole('button', { name: 'Grön', exact: true }).click();
  await expect(page).toHaveURL(/\?mark=green$/);
});

test('keys find, open, move between and close calls', async ({ signedIn }) => {
  const page = await signedIn('karin');
  const list = await rows(page);
  await expect(list.filter({ hasText: 'Anna Berg' }).first()).toBeVisible(); // her name is loaded, and therefore suggested
  await page.keyboard.press('/');
  await page.keyboard.type('anna');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/user=anna/);
  await expect(list.filter({ hasNotText: 'Anna Berg' })).toHaveCount(0);
  await expect(list.first()).toBeVisible();
  const ids = await list.evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id')));
  // Each key waits for the effect of the previous one, as a person does.
  const panel = page.getByRole('complementary', { name: 'Samtalet' });
  const shown = async (id: string | null | undefined) => {
    await expect(page).toHaveURL(new RegExp(`/calls/${id}`));
    await expect(panel.getByRole('heading', { level: 2 })).toBeVisible();
  };
  await page.keyboard.press('Enter');
  await shown(ids[0]);
  await expect(panel.getByRole('heading', { level: 2 })).toBeFocused(); // out of the box, in which a letter types a letter
  await page.keyboard.press('j');
  await shown(ids[1]);
  await page.keyboard.press('k');
  await shown(ids[0]);
  await page.keyboard.press('Escape');
  await expect(panel).toHaveCount(0);
  await expect(page).toHaveURL(/\/calls\?user=anna$/);
  await page.keyboard.press('Shift+?');
  await expect(page.getByRole('dialog', { name: 'Kortkommandon' })).toBeVisible();
});

test('a row is reached, opened and played by key', async ({ signedIn }) => {
  const page = await signedIn('karin');
  const list = await rows(page);
  // A call of two seconds, which another test may have put first, would be over before it is looked at.
  const playable = list.filter({ has: page.getByRole('cell', { name: /^(1:30|5:00|20:00)$/ }) });
  await expect(playable.first()).toBeVisible();
  const nth = Number(await playable.first().getAttribute('data-index'));
  for (let row = 0; row <= nth; row++) await page.keyboard.press('j');
  await expect(playable.first().getByRole('link')).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Space');
  await expect.poll(() => position(page)).toBeGreaterThan(0);
  expect(await page.locator('.rows').evaluate((rows) => rows.scrollTop)).toBe(0);
  const head = page.getByRole('complementary', { name: 'Samtalet' }).getByRole('heading', { level: 2 });
  await expect(head).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(head).toHaveCount(0);
  await expect(playable.first().getByRole('link')).toBeFocused();
});

test('a call is searched for, opened and played without a pause between the keys', async ({ signedIn }) => {
  const page = await signedIn('karin');
  await expect((await rows(page)).first()).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('offert');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Space');
  await expect(page).toHaveURL(/\/calls\/[^?]+\?note=offert$/);
  const panel = page.getByRole('complementary', { name: 'Samtalet' });
  await expect(panel.getByRole('textbox', { name: 'Notering' })).toHaveValue('Vill ha offert på tio anslutningar');
  await expect.poll(() => position(page)).toBeGreaterThan(0);
  await expect(panel.getByRole('heading', { level: 2 })).toBeFocused();
  await page.keyboard.press('Space');
  await expect(panel.getByRole('button', { name: 'Spela', exact: true })).toBeVisible();
  const box = page.getByRole('combobox', { name: 'Sök samtal' });
  await expect(box).toHaveValue('');
  await page.keyboard.press('Escape');
  await expect(panel).toHaveCount(0);
  await expect(box).toBeFocused();
});

test('a lost connection is reported, and requests continue when it is back', async ({ signedIn, context }) => {
  const page = await signedIn('karin');
  await expect((await rows(page)).first()).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByText('Anslutningen är borta.')).toBeVisible();
  await page.getByRole('button', { name: 'Uppdatera' }).click();
  await context.setOffline(false);
  await expect(page.getByText('Anslutningen är borta.')).toHaveCount(0);
  await expect((await rows(page)).first()).toBeVisible();
});

test('a failing request is retried, and then reported with a way to try again', async ({ signedIn }) => {
  const page = await signedIn('karin');
  await expect((await rows(page)).first()).toBeVisible(); // a pending request would count as the next one
  let tries = 0;
  await page.route('**/v1/recordings?*', (route) => {
    tries++;
    return route.fulfill({
      status: 500,
      contentType: 'application/problem+json',
      headers: { 'access-control-allow-origin': '*' },
      body: '{}',
    });
  });
  await page.getByRole('button', { name: 'Uppdatera' }).click();
  await expect(page.getByRole('alert')).toContainText('Det gick inte', { timeout: 20_000 });
  expect(tries).toBeGreaterThan(1);
  await page.unroute('**/v1/recordings?*');
  await page.getByRole('button', { name: 'Försök igen' }).click();
  await expect((await rows(page)).first()).toBeVisible();
});
