import { dayOf } from '../src/time';
import { LONG } from './calls';
import { NOW } from './cloud';
import { expect, type Page, test } from './portal';
import { publicKey } from './sshKey';

const open = (page: Page) => page.getByRole('heading', { level: 2, name: /^Nycklar/ }).waitFor();

test('a key is pasted, listed with its fingerprint, and removed', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/delivery');
  await open(page);
  const comment = `karin@${Date.now()}`;
  const { line, fingerprint } = publicKey(comment);
  await page.getByRole('button', { name: 'Lägg till en nyckel' }).click();
  const asked = page.getByRole('dialog', { name: 'Lägg till en nyckel' });
  await asked.getByLabel('Publik nyckel').fill(`${line}\n`);
  await asked.getByRole('button', { name: 'Lägg till', exact: true }).click();
  const key = page.getByRole('listitem').filter({ hasText: comment });
  await expect(key).toContainText(fingerprint);
  await expect(key).toContainText('ssh-ed25519');
  await expect(key).toContainText('Karin Åberg');
  await expect(page.getByText(/^sftp .*demo@/)).toBeVisible();

  await page.getByRole('button', { name: `Ta bort ${comment}` }).click();
  const sure = page.getByRole('dialog', { name: 'Ta bort en nyckel' });
  await expect(sure).toContainText(fingerprint);
  await sure.getByRole('button', { name: 'Ta bort', exact: true }).click();
  await expect(sure).toHaveCount(0);
  await expect(key).toHaveCount(0);
});

test('a refused key shows why in plain words, and a private one is never sent', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/delivery');
  await open(page);
  const sent: string[] = [];
  page.on('request', (request) => request.method() === 'POST' && sent.push(request.postData() ?? ''));
  await page.getByRole('button', { name: 'Lägg till en nyckel' }).click();
  const asked = page.getByRole('dialog', { name: 'Lägg till en nyckel' });
  const key = asked.getByLabel('Publik nyckel');
  const add = asked.getByRole('button', { name: 'Lägg till', exact: true });
  for (const [pasted, message] of [
    ['ssh-dss AAAAB3NzaC1kc3M= old', 'DSA är inte säkert längre.'],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1 cut', 'Nyckeln går inte att läsa.'],
    ['hello', 'Servern godtar inte den här nyckeln'],
  ] as const) {
    await key.fill(pasted);
    await add.click();
    await expect(asked).toContainText(message);
  }
  const before = sent.length;
  await key.fill('-----BEGIN OPENSSH PRIVATE KEY-----');
  await expect(asked).toContainText('Det här är en privat nyckel');
  await expect(add).toBeDisabled();
  await key.press('Control+Enter');
  expect(sent.slice(before)).toEqual([]);
  await asked.getByRole('button', { name: 'Avbryt' }).click();
  await expect(asked).toHaveCount(0);
});

test('a day is delivered again, and its folder completes', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/delivery');
  await open(page);
  const comment = `again@${Date.now()}`;
  await page.getByRole('button', { name: 'Lägg till en nyckel' }).click();
  await page.getByLabel('Publik nyckel').fill(publicKey(comment).line);
  await page.getByRole('dialog').getByRole('button', { name: 'Lägg till', exact: true }).click();
  await expect(page.getByRole('listitem').filter({ hasText: comment })).toBeVisible();

  await page.getByRole('button', { name: 'Leverera en annan dag' }).click();
  const asked = page.getByRole('dialog', { name: 'Leverera en dag igen' });
  await asked.getByLabel('Dag').fill(dayOf(new Date()));
  await asked.getByRole('button', { name: 'Leverera igen' }).click();
  await expect(asked.getByRole('alert')).toContainText('Dagen är inte slut.');
  const day = dayOf(new Date(NOW - LONG.ago * 60_000));
  await asked.getByLabel('Dag').fill(day);
  await asked.getByRole('button', { name: 'Leverera igen' }).click();
  await expect(asked).toHaveCount(0);

  const row = page.getByRole('row').filter({ hasText: day }).first();
  await expect(row).toBeVisible();
  await expect(async () => {
    await page.getByRole('button', { name: 'Uppdatera' }).click();
    await expect(row).toContainText('Klar', { timeout: 1000 });
  }).toPass();
  await expect(row.getByRole('cell').nth(1)).toHaveText('1');
  await expect(row.getByRole('cell').nth(3)).toContainText('MB');

  await page.getByRole('button', { name: `Ta bort ${comment}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Ta bort', exact: true }).click();
  await expect(page.getByRole('listitem').filter({ hasText: comment })).toHaveCount(0);
});

test('the delivery page is refused to a user who is not an administrator', async ({ signedIn }) => {
  const page = await signedIn('anna', '/administration/delivery');
  await expect(page.getByRole('heading', { name: 'Du har inte behörighet till det här' })).toBeVisible();
});
