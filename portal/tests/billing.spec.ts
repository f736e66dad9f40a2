import { kronor } from '../src/administration/kronor';
import { dateOf, monthInWords } from '../src/time';
import { as, done } from './cloud';
import { BEFORE, LAST, putRight, STORED } from './past';
import { expect, type Page, test } from './portal';

test.beforeAll(putRight);

const section = (page: Page, name: string) =>
  page.locator('.card').filter({ has: page.getByRole('heading', { level: 2, name }) });

test('the usage page shows the level, warns at 80 %, and forecasts', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/usage');
  const filled = section(page, 'Lagring');
  await expect(filled).toContainText('26 MB av 30 MB');
  await expect(filled).toContainText('80 % eller mer');
  await expect(filled.getByRole('meter', { name: 'Lagring' })).toHaveAttribute(
    'aria-valuetext',
    '86 % av utrymmet är använt',
  );
  const { daysUntilFull, trend } = await done((await as('lars')).GET('/v1/usage'));
  expect(trend.at(-1)?.storedBytes).toBe(STORED);
  await expect(filled).toContainText(`Fullt om ${daysUntilFull} dagar, omkring`);
});

test('the graph is also available in words and as a table', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/usage');
  const { trend } = await done((await as('lars')).GET('/v1/usage'));
  const graph = section(page, 'De senaste 30 dagarna');
  const [first, last] = [trend[0]?.day ?? '', trend.at(-1)?.day ?? ''].map((day) => dateOf(day, 'sv'));
  await expect(graph.getByRole('img')).toHaveAccessibleName(
    `Lagrat vid varje dags slut, från ${first} till ${last}: minst 21 MB, mest 26 MB.`,
  );
  await expect(graph.getByRole('table')).toBeHidden();
  await graph.getByText('Visa som tabell').focus();
  await page.keyboard.press('Enter');
  const rows = graph.locator('tbody').getByRole('row');
  await expect(rows).toHaveCount(trend.length);
  await expect(rows.first()).toContainText(`${last}410:0`);
  await expect(rows.first()).toContainText('26 MB');
});

test('users are sorted by any column and found by name, and the address contains both', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/usage');
  const users = section(page, 'Användare');
  const names = users.locator('tbody').getByRole('rowheader');
  await expect(names.first()).toBeVisible();
  await expect(users.getByRole('columnheader', { name: 'Lagrat' })).toHaveAttribute('aria-sort', 'descending');
  await expect(names.first()).toHaveText('Anna Berg'); // 20 minutes as WAV
  await users.getByRole('button', { name: 'Namn' }).click();
  await expect(page).toHaveURL(/sort=name/);
  const byName = await names.allTextContents();
  expect(byName).toEqual([...byName].sort(new Intl.Collator('sv').compare));
  await users.getByRole('button', { name: 'Namn' }).click();
  await expect(users.getByRole('columnheader', { name: 'Namn' })).toHaveAttribute('aria-sort', 'descending');
  await expect(names).toHaveText(byName.toReversed());
  await users.getByRole('searchbox', { name: 'Sök namn' }).fill('omar');
  await expect(names).toHaveText(['Omar Ali']);
  await page.reload();
  await expect(names).toHaveText(['Omar Ali']);
  await users.getByRole('link', { name: 'Omar Ali' }).click();
  await expect(page.getByRole('dialog', { name: 'Användare' })).toContainText('Omar Ali');
});

test('ten thousand users are shown a hundred at a time, and one is found at once', async ({ signedIn }) => {
  const page = await signedIn('karin');
  await page.route(/\/v1\/usage(\?|$)/, async (route) => {
    const answer = await route.fetch();
    const usage = await answer.json();
    const [one] = usage.users;
    const users = Array.from({ length: 10_000 }, (_, index) => ({ ...one, user: `u${index}`, storedBytes: index }));
    return route.fulfill({ response: answer, json: { ...usage, users, storedBytes: 1e9, daysUntilFull: 0 } });
  });
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: 'Användning' }).click();
  await expect(section(page, 'Lagring')).toContainText('Fullt');
  await expect(section(page, 'Lagring')).toContainText('Inget nekas och inget raderas.');
  const users = section(page, 'Användare');
  await expect(users.getByRole('status')).toHaveText(/^100 av 10\s000 användare$/);
  await expect(users.locator('tbody tr')).toHaveCount(100);
  await expect(users.locator('tbody tr').first()).toContainText('u9999');
  await users.getByRole('button', { name: 'Visa fler' }).click();
  await expect(users.locator('tbody tr')).toHaveCount(200);
  await users.getByRole('searchbox').fill('u1234');
  await expect(users.locator('tbody tr')).toHaveCount(1);
});

test('the months are listed with their sums, and a line shows its facts', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/statements');
  const rows = page.locator('tbody').getByRole('row');
  await expect(rows).toHaveCount(3);
  const { preview } = await done((await as('lars')).GET('/v1/statements'));
  await expect(rows.nth(0)).toContainText(`Förhandsvisning${preview.lines}${kronor(preview.total, 'sv-SE')}`);
  await expect(rows.nth(1)).toContainText(/98,00\skr/);
  await expect(rows.nth(2)).toContainText(/308,75\skr/);
  await rows.nth(2).getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/statements/${BEFORE}$`));
  await expect(section(page, 'Summa utan moms')).toContainText(/308,75\skr/);
  await expect(page.getByText('Förhandsvisning')).toHaveCount(0);
  const lines = section(page, 'Månadens rader');
  await expect(lines.locator('tbody tr')).toHaveCount(5);
  const line = lines.getByRole('button', { name: 'Visa underlaget: Startavgift Olle Sjö' });
  await expect(line).toHaveAttribute('aria-expanded', 'false');
  await line.press('Enter');
  await expect(line).toHaveAttribute('aria-expanded', 'true');
  const opened = lines.locator('tr.opened');
  await expect(opened).toContainText(`Slogs på ${dateOf(`${BEFORE}-10`, 'sv')}`);
  await expect(opened).toContainText(/99,00\skr från och med 1 januari 2026, enligt prislistan/);
  await expect(opened).toContainText(/1 × 99,00\skr = 99,00\skr/);
  await line.click();
  await expect(opened).toHaveCount(0);
  await lines.getByRole('button', { name: 'Visa underlaget: Lagring över det som ingår' }).click();
  await expect(opened).toContainText('För 2 användare ingår 60 MB.');
  await expect(opened).toContainText(/3 × 4,25\skr = 12,75\skr/);
});

test('the running month is marked as a preview, and a correction points back', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/statements');
  const row = page.getByRole('row').filter({ hasText: 'Förhandsvisning' });
  const sum = (await row.getByRole('cell').last().textContent()) ?? '';
  await row.getByRole('link').click();
  await expect(
    page.getByText('Månaden pågår. Så mycket blir det om den tar slut nu; beloppet är inte bindande.'),
  ).toBeVisible();
  const total = section(page, 'Summa utan moms');
  await expect(total.locator('.big')).toHaveText(sum);
  const last = `Rättelse av ${monthInWords(LAST, 'sv')}`;
  await expect(total).toContainText(new RegExp(`${last}[−-]49,00\\skr`));
  const corrects = section(page, last);
  await expect(corrects.locator('tbody tr')).toHaveCount(1);
  await expect(corrects.locator('tbody tr')).toContainText(/Krediteras.*Olle Sjö.*[−-]49,00\skr/);
  await corrects.getByRole('heading').getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/statements/${LAST}$`));
  await expect(section(page, 'Månadens rader').locator('tbody tr')).toHaveCount(2);
  await page.getByRole('button', { name: 'In English' }).click();
  await expect(section(page, 'Total without VAT')).toContainText(/SEK\s98\.00/);
});

test('users who are billed and cannot be recorded are listed beside the current month', async ({ signedIn }) => {
  const page = await signedIn('karin', '/administration/statements');
  const billed = page.getByRole('region', { name: 'Debiteras men spelas inte in' });
  const erik = billed.getByRole('listitem').filter({ hasText: 'Erik Holm' });
  await expect(erik).toContainText(/Erik Holm: har inte bekräftat än\. Inspelning slogs på .+ \d\d[:.]\d\d$/);
  await expect(billed.getByText('Anna Berg')).toHaveCount(0);
  await expect(billed).toContainText('Debiteringen börjar när inspelning slås på, även om inget kan spelas in än.');
  await erik.getByRole('link', { name: 'Erik Holm' }).click();
  await expect(page).toHaveURL(/\/administration\/users\?user=erik$/);
  await expect(page.getByRole('dialog', { name: 'Användare' })).toContainText('Erik Holm');

  // A hundred and twenty users, with a reason that the portal does not know.
  await page.route(/\/v1\/statements(\?|$)/, async (route) => {
    const answer = await route.fetch();
    const since = '2026-11-03T10:00:00Z';
    const users = Array.from({ length: 120 }, (_, index) => ({ user: `u${index}`, since, reason: 'no-consent' }));
    return route.fulfill({ response: answer, json: { ...(await answer.json()), billedNotRecorded: users } });
  });
  await page.goto(page.url().replace(/users.*/, 'statements'));
  await expect(billed.getByRole('heading')).toContainText('120');
  await expect(billed.getByRole('listitem')).toHaveCount(10);
  await expect(billed.getByRole('listitem').first()).toContainText('u0: annan orsak (no-consent).');
  await billed.getByRole('button', { name: 'Visa fler' }).click();
  await expect(billed.getByRole('listitem')).toHaveCount(110);
  await billed.getByRole('button', { name: 'Visa fler' }).click();
  await expect(billed.getByRole('listitem')).toHaveCount(120);
  await expect(billed.getByRole('button', { name: 'Visa fler' })).toHaveCount(0);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.getByRole('button', { name: 'In English' }).click();
  await expect(page.getByRole('region', { name: 'Billed but not recorded' })).toContainText(
    'u0: another reason (no-consent).',
  );

  const other = await signedIn('lars', '/administration/statements');
  await expect(other.getByText('Förhandsvisning')).toBeVisible();
  await expect(other.getByRole('heading', { name: 'Debiteras men spelas inte in' })).toHaveCount(0);
});

test('a month that was not billed says so', async ({ signedIn }) => {
  const page = await signedIn('lars', '/administration/statements/2020-01');
  await expect(page.getByRole('heading', { level: 1, name: 'januari 2020' })).toBeVisible();
  await expect(page.getByRole('heading', { level: 2, name: 'Månaden är inte fakturerad' })).toBeVisible();
  await page.goto(page.url().replace('2020-01', 'sommaren'));
  await expect(page.getByRole('heading', { level: 2, name: 'Månaden är inte fakturerad' })).toBeVisible();
});
