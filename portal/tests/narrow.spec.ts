// A telephone of 360 px and a desktop at 200 % zoom: nothing is cut off, the player is at the foot.

import { INVOICE } from './calls';
import { cloud } from './cloud';
import { BEFORE, running } from './past';
import { expect, rows, signIn, test } from './portal';

const PICTURES = new URL('../../.local/portal/pictures/', import.meta.url).pathname;
const ADDRESSES = [
  '/calls',
  '/me',
  '/administration/users',
  '/administration/groups',
  '/administration/marks',
  '/administration/retention',
  '/administration/delivery',
  '/administration/usage',
  '/administration/statements',
  '/administration/statements/RUNNING',
  '/administration/completeness',
  '/administration/missing',
  '/administration/audit',
  '/administration/organisation',
];

for (const [name, viewport] of [
  ['a telephone', { width: 360, height: 740 }],
  ['200 % zoom', { width: 640, height: 400 }],
] as const) {
  test.describe(name, () => {
    test.use({ viewport });

    test('no page is wider than the screen', async ({ page }) => {
      await signIn(page, 'karin', '/calls');
      const month = await running();
      for (const address of ADDRESSES) {
        await page.goto(cloud.portal + address.replace('RUNNING', month));
        await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
        await page.waitForLoadState('networkidle');
        await page.screenshot({ path: `${PICTURES}narrow-${viewport.width}${address.replaceAll('/', '-')}.png` });
        expect(await page.evaluate(() => document.documentElement.scrollWidth), address).toBeLessThanOrEqual(
          viewport.width,
        );
      }
    });

    test('the filters and the current administration page are in sight', async ({ page }) => {
      await signIn(page, 'karin', '/calls');
      await page.getByRole('button', { name: 'Filter' }).click();
      const box = await page.getByRole('dialog', { name: 'Filter' }).boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(viewport.width);
      await page.goto(`${cloud.portal}/administration/organisation`);
      await expect(page.getByRole('link', { name: 'Företaget' })).toBeInViewport({ ratio: 1 });
    });

    test('the total of a month is visible without scrolling sideways', async ({ page }) => {
      await signIn(page, 'lars', '/administration/statements');
      await expect(page.getByRole('columnheader', { name: 'Summa utan moms' })).toBeInViewport({ ratio: 1 });
      await page.goto(`${cloud.portal}/administration/statements/${BEFORE}`);
      const amount = page.getByRole('columnheader', { name: 'Belopp' });
      await expect(amount).toBeVisible();
      const box = await amount.boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(viewport.width);
    });

    test('a call has its own page, with the player in reach', async ({ page }) => {
      await signIn(page, 'anna', `/calls?note=${INVOICE.edit?.note?.split(' ')[0]}`);
      await (await rows(page)).first().click();
      await expect(page.getByRole('heading', { level: 2, name: 'Anna Berg' })).toBeInViewport();
      await expect(page.getByRole('button', { name: 'Spela', exact: true })).toBeInViewport();
      await page.screenshot({ path: `${PICTURES}narrow-${viewport.width}-call.png` });
      await page.getByRole('button', { name: 'Stäng', exact: true }).click();
      await expect((await rows(page)).first()).toBeVisible();
    });
  });
}
