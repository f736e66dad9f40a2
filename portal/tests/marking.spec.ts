import { as, type Call, done, stored } from './cloud';
import { expect, type Page, test } from './portal';

/** A call of this test, opened by the administrator. */
async function opened(signedIn: (user: 'karin', address: string) => Promise<Page>, call: Call) {
  const id = await stored(call);
  const page = await signedIn('karin', `/calls/${id}`);
  await expect(page.getByRole('complementary', { name: 'Samtalet' }).getByRole('heading', { level: 2 })).toBeVisible();
  return { page, id };
}

const call = (id: string): Call => ({
  id: `portal-marking-${id}-${Date.now()}`,
  user: 'nils',
  speech: '2s.ogg',
  ago: 5 * 24 * 60,
});

test('note, mark and fields are set in place, shown in the list, kept in the history, and undone', async ({
  signedIn,
}) => {
  const { page, id } = await opened(signedIn, call('all'));
  const row = page.locator(`tr[data-id="${id}"]`);
  await page.getByRole('button', { name: 'Gul' }).click();
  await expect(row).toContainText('Gul');
  await page.getByRole('textbox', { name: 'Notering' }).fill('Kunden vill bli uppringd');
  await page.getByRole('textbox', { name: 'Fält 2' }).fill('ärende 12');
  await page.getByRole('textbox', { name: 'Fält 2' }).press('Enter');
  await expect(row).toContainText('Kunden vill bli uppringd');
  const api = await as('karin');
  const saved = async () => {
    const { note, mark, fields } = await done(api.GET('/v1/recordings/{id}', { params: { path: { id } } }));
    return { note, mark, fields };
  };
  await expect
    .poll(saved)
    .toEqual({ note: 'Kunden vill bli uppringd', mark: 'yellow', fields: [null, 'ärende 12', null] });
  await page.getByRole('tab', { name: 'Ändringar' }).click();
  await expect(page.getByRole('tabpanel').getByRole('listitem')).toHaveCount(3);
  await expect(page.getByRole('tabpanel')).toContainText('Karin Åberg');
  await page.getByRole('button', { name: 'Ångra' }).last().click();
  await expect.poll(async () => (await saved()).fields).toEqual([null, null, null]);
});

test('a mark is one key, a note is n, and neither works while the user types', async ({ signedIn }) => {
  const { page } = await opened(signedIn, call('keys'));
  await expect(page.getByRole('button', { name: 'Blå' })).toBeVisible();
  await page.keyboard.press('1');
  await expect(page.getByRole('button', { name: 'Blå' })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('n');
  await page.keyboard.type('12 nya anslutningar, se ,.');
  const note = page.getByRole('textbox', { name: 'Notering' });
  await expect(note).toHaveValue('12 nya anslutningar, se ,.');
  await note.press('Control+Enter');
  await page.keyboard.press('0');
  await expect(page.getByRole('button', { name: 'Blå' })).toHaveAttribute('aria-pressed', 'false');
});

test('two users who edit at once see both texts, and join them', async ({ signedIn }) => {
  const { page, id } = await opened(signedIn, call('conflict'));
  const note = page.getByRole('textbox', { name: 'Notering' });
  await note.fill('min text');
  const nils = await as('nils');
  const { version } = await done(nils.GET('/v1/recordings/{id}', { params: { path: { id } } }));
  await done(
    nils.PATCH('/v1/recordings/{id}', {
      params: { path: { id }, header: { 'if-match': version } },
      body: { note: 'deras text' },
    }),
  );
  await note.press('Control+Enter');
  const asked = page.getByRole('dialog', { name: 'Ni skrev samtidigt' });
  await expect(asked).toContainText('min text');
  await expect(asked).toContainText('deras text');
  await asked.getByRole('button', { name: 'Slå ihop …' }).click();
  await expect(asked.getByRole('textbox', { name: 'Tillsammans' })).toHaveValue('deras text\nmin text');
  await asked.getByRole('button', { name: 'Använd båda' }).click();
  await expect(note).toHaveValue('deras text\nmin text');
  await expect
    .poll(async () => (await done(nils.GET('/v1/recordings/{id}', { params: { path: { id } } }))).note)
    .toBe('deras text\nmin text');
});

test('a text that could not be saved stays', async ({ signedIn }) => {
  const { page, id } = await opened(signedIn, call('lost'));
  const note = page.getByRole('textbox', { name: 'Notering' });
  await page.route(`**/v1/recordings/${id}`, (route) =>
    route.request().method() === 'PATCH' ? route.abort() : route.continue(),
  );
  await note.fill('skriven i en tunnel');
  await note.press('Control+Enter');
  await expect(page.getByRole('alert')).toContainText('Tjänsten svarade inte');
  await expect(note).toHaveValue('skriven i en tunnel');
  await page.unroute(`**/v1/recordings/${id}`);
  await note.focus();
  await note.press('Control+Enter');
  const api = await as('karin');
  await expect
    .poll(async () => (await done(api.GET('/v1/recordings/{id}', { params: { path: { id } } }))).note)
    .toBe('skriven i en tunnel');
});

test('a text that is too long says by how much, and is not sent', async ({ signedIn }) => {
  const { page, id } = await opened(signedIn, call('long'));
  const note = page.getByRole('textbox', { name: 'Notering' });
  await note.fill('x'.repeat(10_240));
  await expect(page.getByText('9240 tecken för långt')).toBeVisible();
  await note.press('Control+Enter');
  await expect(note).toHaveValue('x'.repeat(10_240));
  const api = await as('karin');
  expect((await done(api.GET('/v1/recordings/{id}', { params: { path: { id } } }))).note).toBeNull();
});

test('a user who may listen but not annotate sees the annotation and cannot change it', async ({ signedIn }) => {
  const id = await stored({ ...call('readonly'), user: 'omar', edit: { note: 'läs mig' } });
  const api = await as('karin');
  const rights = (annotate: boolean) =>
    done(
      api.PATCH('/v1/users/{user}', {
        params: { path: { user: 'omar' } },
        body: { rights: { listen: true, download: true, annotate } },
      }),
    );
  await rights(false);
  try {
    const page = await signedIn('omar', `/calls/${id}`);
    await expect(page.getByRole('textbox', { name: 'Notering' })).not.toBeEditable();
    await expect(page.getByRole('textbox', { name: 'Notering' })).toHaveValue('läs mig');
    await expect(page.getByRole('group', { name: 'Märke' })).toHaveCount(0);
  } finally {
    await rights(true); // other tests use Omar, too
  }
});
