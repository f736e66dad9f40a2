// Offline, every page shows the age of its data and which actions are unavailable. None is queued.

import { dayOf, monthInWords, shifted } from '../src/time';
import { NOW } from './cloud';
import { BEFORE } from './past';
import { expect, type Page, test } from './portal';

const OFF = 'Går inte utan anslutning';

/** The status beneath the page's heading. */
const fetched = (page: Page) =>
  page.getByRole('main').getByRole('status').filter({ hasText: 'anslutningen är tillbaka' });

async function lost(page: Page) {
  await expect(page.getByRole('main').getByText(/^uppdaterat \d\d:\d\d$/)).toBeVisible();
  await page.context().setOffline(true);
  await expect(page.getByText('Anslutningen är borta.')).toBeVisible();
  await expect(fetched(page)).toContainText(
    /Det du ser hämtades i dag \d\d:\d\d, för .+ sedan\. Det kan ha ändrats sedan dess\./,
  );
  await expect(fetched(page)).toContainText('går det inte att uppdatera eller ändra något här');
  await isOff(page, 'Uppdatera');
}

async function isOff(page: Page, name: string) {
  const button = page.getByRole('button', { name, exact: true });
  await expect(button).toBeDisabled();
  await expect(button).toHaveAccessibleDescription(OFF);
}

async function back(page: Page) {
  await page.context().setOffline(false);
  await expect(page.getByText('Anslutningen är borta.')).toHaveCount(0);
  await expect(page.getByRole('main').getByText(/^uppdaterat \d\d:\d\d$/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Uppdatera', exact: true })).toBeEnabled();
}

test('a loaded page keeps its data', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/usage');
  await expect(page.getByText('26 MB av 30 MB')).toBeVisible();
  await lost(page);
  await expect(page.getByText('26 MB av 30 MB')).toBeVisible();
  await back(page);
});

test('a page that was never loaded says so, and loads when the connection is back', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/statements');
  await expect(page.getByText('Förhandsvisning')).toBeVisible();
  await lost(page);
  await page.getByRole('link', { name: monthInWords(BEFORE, 'sv') }).click();
  await expect(page.getByRole('heading', { level: 1, name: monthInWords(BEFORE, 'sv') })).toBeVisible();
  await expect(page.getByText('Det här är inte hämtat.')).toBeVisible();
  await page.getByRole('link', { name: '← Alla månader' }).click();
  await expect(page.getByText('Förhandsvisning')).toBeVisible(); // loaded data is still shown
  await page.getByRole('link', { name: monthInWords(BEFORE, 'sv') }).click();
  await page.context().setOffline(false);
  await expect(page.getByText('Summa utan moms')).toBeVisible();
  await expect(page.getByText('Det här är inte hämtat.')).toHaveCount(0);
});

test('the missing recordings can be read', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/missing');
  await expect(page.getByText('Ljudet är borta')).toBeVisible();
  await lost(page);
  await expect(page.getByText('Ljudet är borta')).toBeVisible();
  await back(page);
});

test('retention cannot be changed', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/retention');
  await expect(page.getByRole('button', { name: 'Ändra antalet dagar' })).toBeEnabled();
  await lost(page);
  await isOff(page, 'Ändra antalet dagar');
  await isOff(page, 'Radera en person');
  await back(page);
  await expect(page.getByRole('button', { name: 'Radera en person' })).toBeEnabled();
});

test('an open dialog says that it has to wait, and keeps its input', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/delivery');
  let orders = 0;
  await page.route('**/v1/drops/*', (route) => {
    orders++;
    return route.continue();
  });
  await page.getByRole('button', { name: 'Leverera en annan dag' }).click();
  const dialog = page.getByRole('dialog', { name: 'Leverera en dag igen' });
  const day = shifted(dayOf(new Date(NOW)), -5);
  await dialog.getByLabel('Dag').fill(day);
  await page.context().setOffline(true);
  await expect(dialog.getByRole('alert')).toContainText('Anslutningen är borta. Det du har fyllt i finns kvar');
  await expect(dialog.getByRole('button', { name: 'Leverera igen' })).toBeDisabled();
  await dialog.getByLabel('Dag').press('Enter');
  await page.context().setOffline(false);
  await expect(dialog.getByRole('alert')).toBeEmpty();
  await expect(dialog.getByLabel('Dag')).toHaveValue(day);
  await dialog.getByRole('button', { name: 'Avbryt' }).click();
  await lost(page);
  await isOff(page, 'Lägg till en nyckel');
  await isOff(page, 'Leverera en annan dag');
  await back(page);
  expect(orders, 'what Enter asked for without a connection is not done later').toBe(0);
});
