import { cloud, type User } from './cloud';
import { expect, fillIn, type Page, rows, signIn, test } from './portal';

for (const [user, name, pages] of [
  ['anna', 'Anna Berg', ['Samtal', 'Mitt']],
  ['sara', 'Sara Nyström', ['Samtal', 'Mitt']],
  ['karin', 'Karin Åberg', ['Samtal', 'Mitt', 'Administration']],
] as [User, string, string[]][]) {
  test(`${name} signs in and finds the pages of the role`, async ({ signedIn }) => {
    const page = await signedIn(user);
    await expect(page.getByRole('button', { name: `${name}, Demobolaget AB` })).toBeVisible();
    await expect(page.getByRole('navigation', { name: 'Sidor' }).getByRole('link')).toHaveText(pages);
  });
}

test('each role sees exactly the calls that it may', async ({ signedIn }) => {
  // Retried until the names are loaded, because the list does not wait for them.
  const seen = async (user: User) => {
    const list = await rows(await signedIn(user));
    await expect(list.first()).toBeVisible();
    return expect.poll(async () => [...new Set(await list.locator('td.col-user').allTextContents())].sort());
  };
  await (await seen('anna')).toEqual(['Anna Berg']);
  await (await seen('sara')).toEqual(['Anna Berg', 'Maja Lindgren']);
  await (await seen('karin')).toEqual(expect.arrayContaining(['Anna Berg', 'Maja Lindgren', 'Nils Ek', 'Omar Ali']));
});

test('nobody sees anything of another organisation', async ({ signedIn }) => {
  const page = await signedIn('lars');
  await expect(await rows(page)).toHaveCount(1);
  await expect(await rows(page)).toContainText('Lars Öman');
});

test('an administrator’s page is refused to other users', async ({ signedIn }) => {
  const page = await signedIn('anna', '/administration/users');
  await expect(page.getByRole('heading', { name: 'Du har inte behörighet till det här' })).toBeVisible();
});

test('signing in comes back to the search that was shared', async ({ signedIn }) => {
  const page = await signedIn('karin', '/calls?mark=red&note=faktura');
  await expect(page).toHaveURL(/\/calls\?mark=red&note=faktura$/);
  await expect(await rows(page)).toHaveCount(1);
});

test('signing out ends the session here and leaves nothing behind', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?number=0701234567');
  await (await rows(page)).first().click();
  await page.getByRole('button', { name: 'Anna Berg, Demobolaget AB' }).click();
  await page.getByRole('button', { name: 'Logga ut' }).click();
  await expect(page.getByRole('heading', { name: 'Dina inspelade samtal' })).toBeVisible();
  await page.goto(`${cloud.portal}/calls`);
  await expect(page.getByRole('button', { name: 'Logga in' })).toBeVisible();
  const left = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
  expect(left).not.toMatch(/eyJ|anna|berg|070|demo/i);
});

for (const way of ['signs out', 'lets the session run out'] as const) {
  test(`someone ${way}: the next user of the tab finds nothing of theirs`, async ({ signedIn }) => {
    const page = await signedIn('omar', '/calls?number=0735554567&note=faktura');
    for (const address of ['/calls?number=0735554567&note=faktura', '/calls?direction=in&min=77']) {
      await page.goto(cloud.portal + address);
      await page.getByRole('button', { name: 'Sparade sökningar' }).click();
      await page.getByRole('button', { name: 'Spara den här sökningen' }).click();
      await expect(page.locator('.saved li')).not.toHaveCount(0);
      await page.keyboard.press('Escape');
    }
    await page.goto(`${cloud.portal}/calls?user=omar`);
    await (await rows(page)).filter({ hasText: /5:00/ }).first().click();
    await page.getByRole('textbox', { name: 'Notering' }).fill('halvskriven av Omar');
    const own = /0735554567|faktura|min=77|direction|omar|halvskriven|Omar/i;
    expect(await stored(page)).toMatch(own);
    if (way === 'signs out') {
      await page.getByRole('button', { name: 'Omar Ali, Demobolaget AB' }).click();
      await page.getByRole('button', { name: 'Logga ut' }).click();
      await expect(page.getByRole('heading', { name: 'Dina inspelade samtal' })).toBeVisible();
      await page.waitForURL(`${cloud.portal}/**`);
      await expect(page.getByRole('button', { name: 'Logga in' })).toBeVisible();
      expect(await stored(page)).not.toMatch(own);
      await page.getByRole('button', { name: 'Logga in' }).click();
    } else {
      await page.route('**/v1/**', (route) =>
        route.fulfill({ status: 401, headers: { 'access-control-allow-origin': cloud.portal } }),
      );
      await page.getByRole('tab', { name: 'Ändringar' }).dispatchEvent('click');
      const asked = page.getByRole('dialog', { name: 'Du har varit inloggad länge' });
      await expect(asked).toBeVisible();
      await page.unroute('**/v1/**');
      await asked.getByRole('button', { name: 'Logga in' }).click();
    }
    await fillIn(page, 'maja');
    await expect(page.getByRole('button', { name: 'Maja Lindgren, Demobolaget AB' })).toBeVisible();
    expect(page.url()).not.toMatch(own);
    expect(await stored(page)).not.toMatch(own);
    await page.getByRole('button', { name: 'Sparade sökningar' }).click();
    await expect(page.getByRole('dialog', { name: 'Sparade sökningar' })).toContainText('Inga än.');
    await expect(page.locator('body')).not.toContainText('faktura');
  });
}

test('Back after signing out shows nothing of the previous user', async ({ signedIn }) => {
  const page = await signedIn('anna', '/me');
  await page.getByRole('link', { name: 'Samtal', exact: true }).click();
  await expect((await rows(page)).first()).toBeVisible();
  await page.getByRole('button', { name: 'Anna Berg, Demobolaget AB' }).click();
  await page.getByRole('button', { name: 'Logga ut' }).click();
  await expect(page.getByRole('heading', { name: 'Dina inspelade samtal' })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('button', { name: 'Logga in' })).toBeVisible();
  await expect(page.locator('body')).not.toContainText('Anna Berg');
});

/** Everything that a page can store in a browser: storages, databases, caches and cookies. */
function stored(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    const cached = await Promise.all(
      (await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)),
    );
    return JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      databases,
      cached,
      document.cookie,
      history.state,
    ]);
  });
}

test('data that outlives the session contains no person and no token', async ({ signedIn }) => {
  const page = await signedIn('karin', '/calls?user=anna&number=0701234567');
  await page.getByRole('button', { name: 'Sparade sökningar' }).click();
  await page.getByRole('button', { name: 'Spara den här sökningen' }).click();
  await page.getByRole('button', { name: 'In English' }).click();
  const left = await page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie);
  expect(left).toContain('"language');
  expect(left).not.toMatch(/eyJ|anna|karin|070|token/i);
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
});

test('a session that ran out continues after sign-in, with the draft', async ({ signedIn }) => {
  const page = await signedIn('anna', '/calls?note=offert');
  await (await rows(page)).first().click();
  const note = page.getByRole('textbox', { name: 'Notering' });
  await note.fill('halvskriven');
  const address = page.url();
  await page.route('**/v1/**', (route) =>
    route.fulfill({ status: 401, headers: { 'access-control-allow-origin': cloud.portal } }),
  );
  await page.getByRole('tab', { name: 'Ändringar' }).dispatchEvent('click');
  const asked = page.getByRole('dialog', { name: 'Du har varit inloggad länge' });
  await expect(asked).toBeVisible();
  await page.unroute('**/v1/**');
  await asked.getByRole('button', { name: 'Logga in' }).click();
  await fillIn(page, 'anna');
  await expect(page).toHaveURL(address);
  await expect(note).toHaveValue('halvskriven');
  await note.press('Escape');
  await expect(note).toHaveValue('Vill ha offert på tio anslutningar');
});

test('an expired token is renewed silently', async ({ signedIn }) => {
  const page = await signedIn('anna');
  await expect((await rows(page)).first()).toBeVisible();
  const expired = await page.evaluate(() => {
    const key = Object.keys(sessionStorage).find((name) => name.startsWith('session.user')) ?? '';
    const user = JSON.parse(sessionStorage.getItem(key) ?? '');
    sessionStorage.setItem(key, JSON.stringify({ ...user, expires_at: 1 }));
    return user.id_token as string;
  });
  const renewals: string[] = [];
  const tokens = new Set<string>();
  page.on('request', (request) => {
    if (request.url().endsWith('/oauth2/token')) renewals.push(request.postData() ?? '');
    if (request.url().includes('/v1/') && request.method() === 'GET') tokens.add(request.headers().authorization ?? '');
  });
  await page.reload();
  await expect((await rows(page)).first()).toBeVisible();
  expect(renewals).toHaveLength(1);
  expect(renewals[0]).toContain('grant_type=refresh_token');
  expect(tokens.size).toBe(1);
  expect([...tokens][0]).toMatch(/^Bearer eyJ/);
  expect([...tokens][0]).not.toBe(`Bearer ${expired}`);
});

test('an invalid return from the issuer shows the sign-in page', async ({ page }) => {
  await page.goto(`${cloud.portal}/?code=made-up&state=made-up`);
  await expect(page.getByRole('button', { name: 'Logga in' })).toBeVisible();
  await signIn(page, 'anna', '/me');
  await expect(page).toHaveURL(/\/me$/);
});
