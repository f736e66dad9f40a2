// Hostile text in names, notes, labels and fields is shown as text on every page.

import { as, cloud, done, stored } from './cloud';
import { running } from './past';
import { expect, rows, test } from './portal';

const ATTACK = '<img src=x onerror="window.attacked=true"><script>window.attacked=true</script>';
const TURNED = '\u202Egnp.evil\u202C \u200F';

test('a hostile note, label and field show as text in the list, the panel, the history and the file', async ({
  signedIn,
}) => {
  const api = await as('karin');
  const label = '<b onmouseover=alert(1)>\u202Ełabel';
  await done(
    api.PUT('/v1/marks/{mark}', {
      params: { path: { mark: 'hostile' } },
      body: { label, colour: 'grey', shape: 'hexagon', retired: false },
    }),
  );
  const id = await stored({
    id: `portal-hostile-${Date.now()}`,
    user: 'nils',
    speech: '2s.ogg',
    ago: 6 * 24 * 60,
    edit: { note: ATTACK, mark: 'hostile', field1: `${TURNED}${ATTACK.slice(0, 60)}` },
  });
  const page = await signedIn('karin', `/calls/${id}?user=nils&mark=hostile`);
  await expect((await rows(page)).first()).toContainText(ATTACK);
  await expect((await rows(page)).first()).toContainText('<b onmouseover=alert(1)>');
  await expect(page.getByRole('textbox', { name: 'Notering' })).toHaveValue(ATTACK);
  await expect(page.getByRole('textbox', { name: 'Fält 1' })).toHaveValue(/<img src=x/);
  await page.getByRole('tab', { name: 'Ändringar' }).click();
  await expect(page.getByRole('tabpanel')).toContainText(ATTACK);
  expect(await page.locator('#root img, #root script, #root b[onmouseover]').count()).toBe(0);
  expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
  await done(
    api.PUT('/v1/marks/{mark}', {
      params: { path: { mark: 'hostile' } },
      body: { label, colour: 'grey', shape: 'hexagon', retired: true },
    }),
  );
});

test('a hostile name and a note of 10 kB, if the service ever gave them, show as text and break nothing', async ({
  signedIn,
}) => {
  const page = await signedIn('karin');
  await expect((await rows(page)).first()).toBeVisible();
  const long = `${ATTACK} ${'långt '.repeat(1700)}`;
  const hostile = async (route: Parameters<Parameters<typeof page.route>[1]>[0]) => {
    const answer = await route.fetch();
    const body = JSON.stringify(await answer.json(), (key, value) =>
      key === 'note' ? long : key === 'name' ? `${TURNED}${ATTACK}` : key === 'label' ? long : value,
    );
    return route.fulfill({ response: answer, body });
  };
  await page.route(/\/v1\/(recordings|users|marks|me|groups|organisation|clients|audit)(\?|$|\/)/, hostile);
  await page.reload();
  await expect((await rows(page)).first()).toContainText('<img src=x');
  await (await rows(page)).first().click();
  await expect(page.getByRole('textbox', { name: 'Notering' })).toHaveValue(long);
  const month = await running();
  for (const address of [
    '/me',
    '/administration/users?user=anna',
    '/administration/groups',
    '/administration/marks',
    '/administration/usage',
    '/administration/statements/RUNNING',
    '/administration/audit',
    '/administration/organisation',
  ]) {
    await page.goto(new URL(address.replace('RUNNING', month), page.url()).href);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('body')).toContainText('<img src=x');
    expect(await page.locator('#root img, #root script').count()).toBe(0);
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
      `${address} is as wide as the screen`,
    ).toBe(true);
  }
  expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
  // Requests of the last page may still be pending.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('the content security policy allows only the page’s own scripts', async ({ request }) => {
  const answer = await request.get(`${cloud.portal}/calls`);
  const policy = Object.fromEntries(
    (answer.headers()['content-security-policy'] ?? '').split(';').map((rule) => rule.trim().split(/ (.*)/)),
  );
  expect(policy['script-src']).toBe("'self'");
  expect(policy['default-src']).toBe("'none'");
  expect(policy['object-src']).toBe("'none'");
  expect(policy['frame-ancestors']).toBe("'none'");
  expect(policy['base-uri']).toBe("'none'");
  expect(answer.headers()['x-content-type-options']).toBe('nosniff');
  expect(answer.headers()['referrer-policy']).toBe('no-referrer');
  expect((await request.get(`${cloud.portal}/../infra/template.yaml`)).status()).toBe(404);
});
