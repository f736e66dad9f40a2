// Axe checks every page and dialog (WCAG 2.2 AA), in both languages, light and dark. Pictures are
// saved under .local/portal/pictures.

import AxeBuilder from '@axe-core/playwright';
import { dayOf, shifted } from '../src/time';
import { INVOICE, NIGHT } from './calls';
import { as, cloud, done, NOW, type User, withStorageAddOn } from './cloud';
import { BEFORE, putRight, running } from './past';
import { expect, type Page, rows, signIn, test } from './portal';
import { publicKey } from './sshKey';

const PICTURES = new URL('../../.local/portal/pictures/', import.meta.url).pathname;
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

type Look = { name: string; user: User; address: string; show?(page: Page): Promise<void> };
const button = (page: Page, name: string | RegExp) =>
  page
    .getByRole('button', { name, exact: typeof name === 'string' })
    .first()
    .click();
const dialog = (page: Page) => expect(page.getByRole('dialog').first()).toBeVisible();

const PAGES: Look[] = [
  { name: 'calls', user: 'karin', address: '/calls' },
  {
    name: 'calls-suggestions',
    user: 'karin',
    address: '/calls?mark=red',
    show: (page) => page.getByRole('combobox').fill('an'),
  },
  { name: 'calls-empty', user: 'karin', address: '/calls?note=finnsinte' },
  { name: 'calls-filters', user: 'karin', address: '/calls', show: (page) => button(page, /^(Filter|Filters)$/) },
  { name: 'calls-columns', user: 'karin', address: '/calls', show: (page) => button(page, /^(Kolumner|Columns)$/) },
  {
    name: 'calls-saved',
    user: 'karin',
    address: '/calls?user=anna',
    show: (page) => button(page, /^(Sparade sökningar|Saved searches)$/),
  },
  {
    name: 'keys',
    user: 'karin',
    address: '/calls',
    show: async (page) => {
      await page.keyboard.press('Shift+?');
      await dialog(page);
    },
  },
  {
    name: 'call',
    user: 'karin',
    address: '/calls/INVOICE',
    show: async (page) => {
      await button(page, /^(Spela|Play)$/);
      await expect(page.locator('[data-seal="unchanged"]')).toBeVisible();
      await button(page, /^(Pausa|Pause)$/);
    },
  },
  {
    name: 'call-edits',
    user: 'karin',
    address: '/calls/INVOICE',
    show: (page) => page.getByRole('tab').nth(1).click(),
  },
  {
    name: 'call-listeners',
    user: 'karin',
    address: '/calls/INVOICE',
    show: (page) => page.getByRole('tab').nth(2).click(),
  },
  { name: 'call-expected', user: 'karin', address: '/calls/EXPECTED' },
  { name: 'call-rejected', user: 'karin', address: '/calls/REJECTED' },
  { name: 'conflict', user: 'karin', address: '/calls/INVOICE', show: conflict },
  { name: 'me', user: 'anna', address: '/me' },
  { name: 'me-acknowledge', user: 'erik', address: '/me' },
  { name: 'no-rights', user: 'erik', address: '/calls' },
  { name: 'users', user: 'karin', address: '/administration/users' },
  { name: 'user', user: 'karin', address: '/administration/users?user=anna', show: dialog },
  { name: 'user-unrecorded', user: 'karin', address: '/administration/users?user=erik', show: dialog },
  {
    name: 'switching',
    user: 'karin',
    address: '/administration/users',
    show: async (page) => {
      await page.getByRole('checkbox').first().check();
      await button(page, /^(Slå av inspelning|Switch recording off)$/);
      await expect(page.getByRole('dialog').getByRole('textbox')).toBeVisible();
    },
  },
  {
    name: 'switching-on',
    user: 'karin',
    address: '/administration/users',
    show: async (page) => {
      await page.getByRole('checkbox', { name: /Karin Åberg$/ }).check();
      await button(page, /^(Slå på inspelning|Switch recording on)$/);
      await expect(page.getByRole('dialog').locator('.warn')).toBeVisible();
    },
  },
  { name: 'groups', user: 'karin', address: '/administration/groups' },
  {
    name: 'group-new',
    user: 'karin',
    address: '/administration/groups',
    show: async (page) => {
      await button(page, /^(Ny grupp|New group)$/);
      await dialog(page);
    },
  },
  { name: 'group', user: 'karin', address: '/administration/groups/saljare' },
  {
    name: 'cover',
    user: 'karin',
    address: '/administration/groups/saljare',
    show: async (page) => {
      await button(page, /^(Lägg till arbetsledare|Add a supervisor)$/);
      await dialog(page);
    },
  },
  {
    name: 'group-remove',
    user: 'karin',
    address: '/administration/groups/saljare',
    show: async (page) => {
      await button(page, /^(Ta bort gruppen|Remove the group)$/);
      await dialog(page);
    },
  },
  { name: 'marks', user: 'karin', address: '/administration/marks' },
  {
    name: 'mark',
    user: 'karin',
    address: '/administration/marks',
    show: async (page) => {
      await button(page, /^(Ändra Röd|Change Röd)$/);
      await dialog(page);
    },
  },
  {
    name: 'call-hold',
    user: 'karin',
    address: '/calls/INVOICE',
    show: async (page) => {
      await button(page, /^(Håll kvar samtalet|Hold the call)$/);
      await dialog(page);
    },
  },
  {
    name: 'calls-hold',
    user: 'karin',
    address: '/calls?user=anna',
    show: async (page) => {
      await button(page, /^(Håll kvar alla träffar|Hold all results)$/);
      await dialog(page);
    },
  },
  { name: 'retention', user: 'karin', address: '/administration/retention', show: listed },
  {
    name: 'retention-days',
    user: 'karin',
    address: '/administration/retention',
    show: async (page) => {
      await button(page, /^(Ändra antalet dagar|Change the days)$/);
      await dialog(page);
    },
  },
  {
    name: 'retention-confirm',
    user: 'karin',
    address: '/administration/retention',
    show: async (page) => {
      await button(page, /^(Gå vidare|Go on)$/);
      await dialog(page);
    },
  },
  {
    name: 'retention-held',
    user: 'karin',
    address: '/administration/retention',
    show: async (page) => {
      await button(page, /^\d+ (samtal|calls?)$/);
      await expect(page.getByRole('dialog').getByRole('link').first()).toBeVisible();
    },
  },
  {
    name: 'retention-lift',
    user: 'karin',
    address: '/administration/retention',
    show: async (page) => {
      await button(page, /^(Släpp|Lift): /);
      await dialog(page);
    },
  },
  {
    name: 'erasure-whose',
    user: 'karin',
    address: '/administration/retention',
    show: async (page) => {
      await button(page, /^(Radera en person|Erase a person)$/);
      await page.getByRole('dialog').getByRole('textbox').first().fill('070-12');
      await page.getByRole('dialog').getByRole('textbox').last().fill('070-12');
    },
  },
  {
    name: 'erasure-confirm',
    user: 'karin',
    address: '/administration/retention',
    show: async (page) => {
      await button(page, /^(Nummer som slutar på|A number that ends in) 67$/);
      await dialog(page);
    },
  },
  { name: 'delivery', user: 'karin', address: '/administration/delivery', show: listed },
  {
    name: 'key-add',
    user: 'karin',
    address: '/administration/delivery',
    show: async (page) => {
      await button(page, /^(Lägg till en nyckel|Add a key)$/);
      await page.getByRole('dialog').getByRole('textbox').fill('ssh-dss AAAA looks');
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^(Lägg till|Add)$/ })
        .click();
      await expect(page.getByRole('dialog')).toContainText('DSA');
    },
  },
  {
    name: 'key-remove',
    user: 'karin',
    address: '/administration/delivery',
    show: async (page) => {
      await button(page, /^(Ta bort|Remove) looks$/);
      await dialog(page);
    },
  },
  {
    name: 'day-again',
    user: 'karin',
    address: '/administration/delivery',
    show: async (page) => {
      await button(page, /^(Leverera en annan dag|Deliver another day)$/);
      await dialog(page);
    },
  },
  {
    name: 'usage',
    user: 'lars',
    address: '/administration/usage',
    show: (page) => page.locator('summary').click(),
  },
  { name: 'usage-users', user: 'karin', address: '/administration/usage', show: listed },
  { name: 'missing', user: 'karin', address: '/administration/missing', show: listed },
  { name: 'completeness', user: 'karin', address: '/administration/completeness', show: listed },
  {
    name: 'completeness-day',
    user: 'karin',
    address: `/administration/completeness/${shifted(dayOf(new Date(NOW)), -1)}`,
    show: listed,
  },
  { name: 'statement-preview', user: 'karin', address: '/administration/statements/RUNNING', show: listed },
  { name: 'statements-unrecorded', user: 'karin', address: '/administration/statements', show: listed },
  { name: 'statements', user: 'lars', address: '/administration/statements', show: listed },
  {
    name: 'statement',
    user: 'lars',
    address: '/administration/statements/BEFORE',
    show: async (page) => {
      await button(page, /^(Visa underlaget|Show the facts): .+ Olle/);
      await expect(page.locator('.opened')).toBeVisible();
    },
  },
  { name: 'statement-corrects', user: 'lars', address: '/administration/statements/RUNNING', show: listed },
  { name: 'statement-not-billed', user: 'lars', address: '/administration/statements/2020-01' },
  { name: 'audit', user: 'karin', address: '/administration/audit' },
  { name: 'organisation', user: 'karin', address: '/administration/organisation' },
  { name: 'nowhere', user: 'karin', address: '/nowhere' },
];

/** Another user edited the call while it was open. */
async function conflict(page: Page) {
  await page.route('**/v1/recordings/*', async (route) => {
    if (route.request().method() !== 'PATCH') return route.continue();
    const { data } = await (await as('karin')).GET('/v1/recordings/{id}', {
      params: { path: { id: page.url().split('/').at(-1) ?? '' } },
    });
    return route.fulfill({
      status: 412,
      contentType: 'application/problem+json',
      headers: { 'access-control-allow-origin': '*' },
      body: JSON.stringify({ code: 'edited-meanwhile', status: 412, current: { ...data, note: 'Ringde upp, löst.' } }),
    });
  });
  await page.locator('textarea').first().fill('Kunden återkommer på fredag.');
  await page.locator('textarea').first().press('Control+Enter');
  await dialog(page);
  await page.getByRole('button', { name: /^(Slå ihop|Join) …$/ }).click();
}

/** A list with content. */
async function listed(page: Page) {
  await expect(page.getByRole('region').first()).toBeVisible();
}

/** Content for retention and delivery: a hold, an unconfirmed erasure, a key and a day. */
async function ordered() {
  const api = await as('karin');
  const { NIGHT: recording = '' } = await idsOfCalls();
  await done(
    api.POST('/v1/holds', { body: { recordings: [recording], reason: 'Tvist 4411 med Fastighets AB Björken' } }),
  );
  await done(api.POST('/v1/erasures', { body: { counterpart: '+46701234567', reason: 'Begäran 12, artikel 17' } }));
  await putRight();
  await withStorageAddOn();
  await done(api.POST('/v1/retention', { body: { days: 365, reason: 'Enligt avtalet' } }));
  await done(api.POST('/v1/sftp/keys', { body: { key: publicKey('looks').line } }));
  const day = shifted(dayOf(new Date(NOW)), -3);
  await done(api.POST('/v1/drops/{day}', { params: { path: { day } } }));
}

const PARTS = {
  'calls and one’s own pages': (name: string) => !isOfAdministration(name),
  administration: isOfAdministration,
};

for (const language of ['sv', 'en'] as const) {
  for (const [part, isOfPart] of Object.entries(PARTS)) {
    test(`${part} in ${language}, light and dark: axe has no objections`, async ({ page }) => {
      test.setTimeout(600_000);
      await page.addInitScript(
        (language) => localStorage.setItem('preferences', JSON.stringify({ language })),
        language,
      );
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.goto(cloud.portal);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      const objections = await look(page, `sign-in.${language}`);
      const ids = await idsOfCalls();
      await ordered();
      let user: User | undefined;
      for (const { name, user: of, address, show } of PAGES.filter(({ address }) => isOfPart(address))) {
        const where = address.replace(/INVOICE|EXPECTED|REJECTED|RUNNING|BEFORE/, (name) => ids[name] ?? '');
        if (user === of) await page.goto(cloud.portal + where);
        else {
          await page.evaluate(() => sessionStorage.clear());
          await signIn(page, of, where);
        }
        user = of;
        await expect(page.locator('h1, h2').first()).toBeVisible();
        if (address.startsWith('/calls') && !/empty|no-rights/.test(name)) await rows(page);
        await show?.(page);
        objections.push(...(await look(page, `${name}.${language}`)));
        await page.unrouteAll({ behavior: 'ignoreErrors' });
      }
      expect(objections).toEqual([]);
    });
  }
}

function isOfAdministration(address: string): boolean {
  return address.startsWith('/administration');
}

/** Takes the pictures and returns axe's objections. Light and dark differ in colours only. */
async function look(page: Page, name: string): Promise<string[]> {
  await page.waitForLoadState('networkidle');
  const objections: string[] = [];
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', scheme);
    await page.screenshot({ path: `${PICTURES}${name}.${scheme}.png`, animations: 'disabled' });
    const axe = new AxeBuilder({ page });
    const { violations } = await (scheme === 'light'
      ? axe.withTags(WCAG)
      : axe.withRules(['color-contrast'])
    ).analyze();
    const described = ({ id, nodes }: (typeof violations)[number]) =>
      `${name}.${scheme}: ${id} at ${nodes
        .map(({ target }) => target.join(' '))
        .slice(0, 3)
        .join(', ')}`;
    objections.push(...violations.map(described));
  }
  return objections;
}

/** The values of the placeholders in the addresses above. */
async function idsOfCalls(): Promise<Record<string, string>> {
  const api = await as('karin');
  const { recordings } = await done(api.GET('/v1/recordings', { params: { query: { limit: 1000 } } }));
  const of = (callId: string) => recordings.find((recording) => recording.callId === callId)?.id ?? '';
  return {
    INVOICE: of(INVOICE.id),
    NIGHT: of(NIGHT.id),
    EXPECTED: of('portal-expected'),
    REJECTED: of('portal-rejected'),
    RUNNING: await running(),
    BEFORE,
  };
}
