import { as, cloud, done, stored } from './cloud';
import { expect, type Page, rows, test } from './portal';

test('an administrator activates a user, who acknowledges and is then recorded', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/users');
  const row = page.getByRole('row').filter({ hasText: 'Sara Nyström' });
  await expect(row).toContainText('Av');
  await row.getByRole('checkbox', { name: 'Välj Sara Nyström' }).check();
  await page.getByRole('button', { name: 'Slå på inspelning' }).click();
  const asked = page.getByRole('dialog', { name: 'Slå på inspelning' });
  await expect(asked).toContainText('Slås på, och spelas in när användaren har bekräftat 1');
  await expect(asked).toContainText('Kostnad: 99,00 kr en gång och 49,00 kr i månaden');
  await asked.getByRole('button', { name: 'Slå på för 1' }).click();
  await expect(row).toContainText('Väntar på bekräftelse');
  await expect(row).toContainText(BILLED);

  const own = await signedIn('sara');
  await expect(own.getByRole('heading', { name: 'Om inspelningen' })).toHaveCount(0);
  await own.getByRole('link', { name: 'Läs och bekräfta' }).click();
  await expect(own.getByRole('heading', { name: 'Dina samtal väntar på din bekräftelse' })).toBeVisible();
  await expect(own.getByRole('heading', { name: 'Om inspelningen' })).toBeVisible();
  await expect(own.getByRole('heading', { name: 'Du spelas in' })).toHaveCount(0);
  await expect(own.getByRole('button', { name: 'Bekräfta' })).toBeDisabled();
  await own.getByRole('checkbox', { name: /^Jag har läst texten/ }).check();
  await own.getByRole('button', { name: 'Bekräfta' }).click();
  await expect(own.getByRole('heading', { name: 'Dina samtal spelas in' })).toBeVisible();
  await expect(own.getByRole('heading', { name: 'Du spelas in' })).toBeVisible();
  await expect(own.locator('.card').filter({ hasText: 'Beslut om inspelning' })).toContainText(
    'Aktiverad av Karin Åberg',
  );
  await expect(own.locator('.card').filter({ hasText: 'Beslut om inspelning' })).toContainText('Bekräftad');

  await page.reload();
  await expect(row).toContainText('Spelas in');
  await expect(row).not.toContainText('Debiteras');
  await row.getByRole('checkbox', { name: 'Välj Sara Nyström' }).check();
  await page.getByRole('button', { name: 'Slå av inspelning' }).click();
  await page.getByRole('button', { name: 'Slå av för 1' }).click();
  await expect(row).toContainText('Av');
  await own.reload();
  await expect(own.getByRole('heading', { name: 'Dina samtal spelas inte in' })).toBeVisible();
  await notAsked(own);

  // A new activation requires a new acknowledgement: the old one belongs to the old activation.
  await row.getByRole('checkbox', { name: 'Välj Sara Nyström' }).check();
  await page.getByRole('button', { name: 'Slå på inspelning' }).click();
  await page.getByRole('button', { name: 'Slå på för 1' }).click();
  await expect(row).toContainText('Väntar på bekräftelse');
  await own.reload();
  await expect(own.getByRole('heading', { name: 'Om inspelningen' })).toBeVisible();
  await expect(own.getByRole('checkbox', { name: /^Jag har läst texten/ })).toBeVisible();

  // Switched off while the page still asks: the request is refused, and the page stops asking.
  await row.getByRole('checkbox', { name: 'Välj Sara Nyström' }).check();
  await page.getByRole('button', { name: 'Slå av inspelning' }).click();
  await page.getByRole('button', { name: 'Slå av för 1' }).click();
  await expect(row).toContainText('Av');
  await own.getByRole('checkbox', { name: /^Jag har läst texten/ }).check();
  await own.getByRole('button', { name: 'Bekräfta' }).click();
  await expect(own.getByRole('alert')).toContainText('Inspelning är inte aktiverad för dig');
  await notAsked(own);
});

const BILLED = 'Debiteras men spelas inte in: har inte bekräftat än';

test('a user who is billed and cannot be recorded is marked with the reason, in the list and beside it', async ({
  signedIn,
}) => {
  const page = await signedIn('karin', '/administration/users');
  const row = (name: string) => page.getByRole('row').filter({ hasText: name });
  await expect(row('Erik Holm')).toContainText(BILLED);
  for (const [name, standing] of [
    ['Anna Berg', 'Spelas in'],
    ['Karin Åberg', 'Av'],
  ] as const) {
    await expect(row(name)).toContainText(standing);
    await expect(row(name)).not.toContainText('Debiteras');
  }
  await page.getByRole('button', { name: 'Erik Holm' }).click();
  const beside = page.getByRole('dialog', { name: 'Användare' });
  await expect(beside).toContainText(BILLED);
  await page.goto(`${cloud.portal}/administration/users?user=anna`);
  await expect(beside).toContainText('Anna Berg');
  await expect(beside).not.toContainText('Debiteras');

  // A reason that the portal does not know appears as the API names it.
  await page.route(/\/v1\/users(\?|$|\/erik$)/, async (route) => {
    const answer = await route.fetch();
    const body = JSON.stringify(await answer.json(), (key, value) =>
      key === 'billedNotRecorded' && value ? 'no-consent' : value,
    );
    return route.fulfill({ response: answer, body });
  });
  await page.goto(`${cloud.portal}/administration/users?user=erik`);
  const other = 'Debiteras men spelas inte in: annan orsak (no-consent)';
  await expect(beside).toContainText(other);
  await expect(page.locator('tbody tr').filter({ hasText: 'Erik Holm' })).toContainText(other);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('the preview of switching on counts the users who are billed before they acknowledge', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/users');
  const asked = page.getByRole('dialog', { name: /^Slå (på|av) inspelning$/ });
  const choose = (name: string) => page.getByRole('checkbox', { name: `Välj ${name}` }).check();
  const ask = async (button: string) => {
    await page.getByRole('button', { name: button }).click();
    await expect(asked.getByRole('button', { name: /^Slå (på|av) för \d+$/ })).toBeVisible();
  };
  const cancel = async () => {
    await asked.getByRole('button', { name: 'Avbryt' }).click();
    await expect(asked).toHaveCount(0);
  };
  await choose('Anna Berg');
  await ask('Slå på inspelning');
  await expect(asked).toContainText('Behöver inte ändras 1');
  await expect(asked).not.toContainText('debiteras');
  await cancel();
  await choose('Sara Nyström');
  await ask('Slå på inspelning');
  await expect(asked).toContainText(
    '1 användare debiteras från och med nu, men spelas inte in förrän användaren har bekräftat.',
  );
  await cancel();
  await choose('Karin Åberg');
  await ask('Slå på inspelning');
  await expect(asked).toContainText(
    '2 användare debiteras från och med nu, men spelas inte in förrän de har bekräftat.',
  );
  await cancel();
  await ask('Slå av inspelning');
  await expect(asked).not.toContainText('debiteras');
  await cancel();
  await page.getByRole('button', { name: 'In English' }).click();
  await page.getByRole('button', { name: 'Switch recording on' }).click();
  await expect(page.getByRole('dialog')).toContainText(
    '2 users are billed from now on, but are not recorded until they have confirmed.',
  );
});

test('a user who is not recorded sees it, and is not asked to confirm', async ({ signedIn }) => {
  for (const user of ['karin'] as const) {
    const page = await signedIn(user, '/me');
    await expect(page.getByRole('heading', { name: 'Dina samtal spelas inte in' })).toBeVisible();
    await notAsked(page);
  }
  const waits = await signedIn('erik', '/me');
  await expect(waits.getByRole('heading', { name: 'Om inspelningen' })).toBeVisible();
  await expect(waits.getByRole('heading', { name: 'Du spelas in' })).toHaveCount(0);
});

async function notAsked(page: Page) {
  await expect(page.getByRole('heading', { name: /Du spelas in|Om inspelningen/ })).toHaveCount(0);
  await expect(page.getByRole('checkbox', { name: /^Jag har läst texten/ })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Bekräfta' })).toHaveCount(0);
}

test('making and removing an administrator asks first, and both can be undone', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/users?user=omar');
  const beside = page.getByRole('dialog', { name: 'Användare' });
  await expect(beside.getByRole('switch', { name: 'Administratör' })).toHaveCount(0);
  const api = await as('karin');
  const is = async () =>
    (await done(api.GET('/v1/users/{user}', { params: { path: { user: 'omar' } } }))).administrator;
  await beside.getByRole('button', { name: 'Gör till administratör' }).click();
  const asked = page.getByRole('dialog', { name: 'Gör Omar Ali till administratör?' });
  await expect(asked).toContainText('Omar Ali får genast tillgång till alla samtal');
  await asked.getByRole('button', { name: 'Avbryt' }).click();
  await expect(asked).toHaveCount(0);
  expect(await is()).toBe(false);
  await beside.getByRole('button', { name: 'Gör till administratör' }).click();
  await asked.getByRole('button', { name: 'Gör Omar Ali till administratör' }).click();
  await expect.poll(is).toBe(true);
  await expect(page.getByText('Omar Ali är nu administratör.')).toBeVisible();
  await page.getByRole('button', { name: 'Ångra' }).click();
  await expect.poll(is).toBe(false);
  await expect(beside.getByRole('button', { name: 'Gör till administratör' })).toBeVisible();

  await page.goto(`${cloud.portal}/administration/users?user=karin`);
  const own = page.getByRole('button', { name: 'Ta bort som administratör' });
  await expect(own).toBeDisabled();
  await expect(page.getByText('Bara en annan administratör kan ändra det här för dig.')).toBeVisible();
});

test('a supervisor who was removed by mistake returns with one click, with the same rights and days', async ({
  signedIn,
}) => {
  const api = await as('karin');
  const params = { path: { group: 'vaxel', user: 'sara' } };
  const rights = { listen: true, download: false, annotate: false };
  const supervision = { rights, from: null, to: '2027-01-31T23:00:00Z' };
  await done(api.PUT('/v1/groups/{group}/supervisors/{user}', { params, body: supervision }));
  const supervisors = async () =>
    (await done(api.GET('/v1/groups/{group}', { params: { path: { group: 'vaxel' } } }))).supervisors;
  const before = await supervisors();
  const page = await signedIn('karin', '/administration/groups/vaxel');
  await page.getByRole('button', { name: 'Avsluta Sara Nyström' }).click();
  await expect(page.getByText('Ingen arbetsledare än.')).toBeVisible();
  await expect(page.getByText('Sara Nyström är inte längre arbetsledare för gruppen.')).toBeVisible();
  await page.getByRole('button', { name: 'Ångra' }).click();
  await expect(page.getByRole('button', { name: 'Avsluta Sara Nyström' })).toBeVisible();
  expect(await supervisors()).toEqual(before);
  await done(api.DELETE('/v1/groups/{group}/supervisors/{user}', { params }));
});

test('switching many users off requires their number', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/users');
  await page.getByRole('checkbox', { name: 'Välj alla som visas' }).check();
  await page.getByRole('button', { name: 'Slå av inspelning' }).click();
  const asked = page.getByRole('dialog', { name: 'Slå av inspelning' });
  const go = asked.getByRole('button', { name: /^Slå av för \d+$/ });
  await expect(go).toBeDisabled();
  const count = (await go.textContent())?.match(/\d+/)?.[0] ?? '';
  await asked.getByLabel(`Skriv antalet, ${count}, för att bekräfta`).fill('1');
  await expect(go).toBeDisabled();
  await asked.getByLabel(`Skriv antalet, ${count}, för att bekräfta`).fill(count);
  await expect(go).toBeEnabled();
  await asked.getByRole('button', { name: 'Avbryt' }).click();
  await expect(asked).toHaveCount(0);
});

test('a user is found by name and by number, and what they may do is changed beside the list', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/users');
  await page.getByRole('searchbox', { name: 'Sök namn eller nummer' }).fill('ek');
  await expect(page).toHaveURL(/q=ek/);
  await expect(page.locator('tbody tr')).toHaveCount(1);
  await page.getByRole('button', { name: 'Nils Ek' }).click();
  const beside = page.getByRole('dialog', { name: 'Användare' });
  await beside.getByRole('switch', { name: 'Ladda ner' }).click();
  await expect(beside.getByRole('switch', { name: 'Ladda ner' })).not.toBeChecked();
  const api = await as('karin');
  const rights = async () => (await done(api.GET('/v1/users/{user}', { params: { path: { user: 'nils' } } }))).rights;
  await expect.poll(rights).toEqual({ listen: true, download: false, annotate: true });
  await beside.getByRole('switch', { name: 'Ladda ner' }).click();
  await expect.poll(rights).toEqual({ listen: true, download: true, annotate: true });
});

test('a new group’s supervisor hears exactly its members’ calls, during the supervision', async ({ signedIn }) => {
  await stored({ id: 'portal-group', user: 'maja', speech: '2s.ogg', counterpart: '+46704444444', ago: 7 * 24 * 60 });
  const page = await signedIn('karin', '/administration/groups');
  await page.getByRole('button', { name: 'Ny grupp' }).click();
  await page.getByRole('dialog').getByLabel('Namn').fill('Nattens ärenden');
  await page.getByRole('button', { name: 'Skapa' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Nattens ärenden' })).toBeVisible();
  await page.getByRole('combobox', { name: 'Lägg till medlemmar' }).fill('maja');
  await page.getByRole('option', { name: 'Maja Lindgren' }).click();
  await page.getByRole('button', { name: 'Lägg till', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Ta bort ur gruppen: Maja Lindgren' })).toBeVisible();
  await page.getByRole('button', { name: 'Lägg till arbetsledare' }).click();
  const asked = page.getByRole('dialog');
  await asked.getByLabel('Arbetsledare').selectOption('Erik Holm');
  await asked.getByRole('button', { name: 'Spara' }).click();
  await expect(page.getByText('Gäller nu')).toBeVisible();

  const supervisor = await signedIn('erik');
  await expect((await rows(supervisor)).first()).toBeVisible();
  const names = (await rows(supervisor)).locator('td.col-user');
  await expect.poll(async () => [...new Set(await names.allTextContents())]).toEqual(['Maja Lindgren']);

  await page.getByRole('button', { name: 'Avsluta Erik Holm' }).click();
  await expect(page.getByText('Ingen arbetsledare än.')).toBeVisible();
  await supervisor.getByRole('button', { name: 'Uppdatera' }).click();
  await expect(supervisor.getByRole('heading', { name: 'Inga samtal än' })).toBeVisible();

  await page.getByRole('button', { name: 'Ta bort gruppen' }).click();
  const remove = page.getByRole('dialog').getByRole('button', { name: 'Ta bort', exact: true });
  await expect(remove).toBeDisabled();
  await page.getByRole('dialog').getByRole('textbox').fill('1');
  await remove.click();
  await expect(page).toHaveURL(/\/administration\/groups$/);
  await expect(page.getByText('Nattens ärenden')).toHaveCount(0);
});

test('a mark is added in the organisation’s own words, set by its key, and retired', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/marks');
  await page.getByRole('button', { name: 'Nytt märke' }).click();
  const label = `Återkoppla ${Date.now() % 100_000}`;
  await page.getByLabel('Benämning').fill(label);
  await page.getByRole('button', { name: 'Lila' }).click();
  await page.getByRole('button', { name: 'Stjärna' }).click();
  await page.getByRole('button', { name: 'Spara' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: label })).toBeVisible();
  await page.getByRole('link', { name: 'Samtal', exact: true }).click();
  await (await rows(page)).first().click();
  await expect(page.getByRole('button', { name: label })).toBeVisible();
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: 'Märken' }).click();
  await page.getByRole('button', { name: `Ändra ${label}` }).click();
  await page.getByRole('switch', { name: 'Används inte längre' }).click();
  await page.getByRole('button', { name: 'Spara' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: label })).toContainText('Används inte');
});

test('the log shows actors and actions, can be filtered, and is saved as a file', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/audit');
  await page.getByLabel('Vem').selectOption('Karin Åberg');
  await page.getByLabel('Vad').selectOption('Sökte');
  await expect(page).toHaveURL(/actor=user%3Akarin&action=search/);
  await page.getByRole('link', { name: 'Samtal', exact: true }).click();
  await expect((await rows(page)).first()).toBeVisible();
  await page.goBack();
  await expect(page.locator('tbody tr').first()).toContainText('Karin Åberg');
  await expect(page.locator('tbody tr').first()).toContainText('Sökte');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Hämta som Excel-fil' }).click();
  expect((await saved).suggestedFilename()).toMatch(/^logg-\d{4}-\d{2}-\d{2}\.xlsx$/);
});
