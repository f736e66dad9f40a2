// A laptop at 200 % and a desktop at 400 % zoom (WCAG 1.4.10, 2.4.11): the page scrolls as one and
// nothing hides the focused element. Forced system colours (high contrast) are tested too.

import AxeBuilder from '@axe-core/playwright';
import { INVOICE } from './calls';
import { cloud } from './cloud';
import { expect, type Locator, type Page, rows, signIn, test } from './portal';

const PICTURES = new URL('../../.local/portal/pictures/', import.meta.url).pathname;
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

for (const [name, viewport] of [
  ['200 %', { width: 640, height: 400 }],
  ['400 %', { width: 320, height: 256 }],
] as const) {
  test.describe(name, () => {
    test.use({ viewport });

    test('the list is reached by scrolling the page and by key, to its last row', async ({ page }) => {
      await signIn(page, 'karin', '/calls');
      const list = await rows(page);
      await expect(list.first()).toBeAttached();
      const heights = await page.evaluate(() => {
        const [rows, frame] = [document.querySelector('.rows'), document.querySelector('.frame')];
        return [rows?.clientHeight ?? 0, rows?.scrollHeight ?? 0, frame?.clientHeight ?? 0, frame?.scrollHeight ?? 0];
      });
      expect(heights[0], 'the rows scroll with the page').toBe(heights[1]);
      expect(heights[3]).toBeGreaterThan(heights[2] ?? 0);
      await page.mouse.move(100, 200);
      await page.mouse.wheel(0, 600);
      await expect.poll(() => list.evaluateAll(inSight)).toBeGreaterThan(1);
      await page.screenshot({ path: `${PICTURES}zoomed-${viewport.width}-list.png` });
      const count = Number(
        (await page.getByRole('status').filter({ hasText: 'samtal' }).textContent())?.match(/\d+/)?.[0],
      );
      for (let row = 0; row < count; row++) await page.keyboard.press('j');
      const last = page.locator(`tr[data-index="${count - 1}"] a`);
      await expect(last).toBeFocused();
      await uncovered(last);
      await page.keyboard.press('Enter');
      await expect(page.getByRole('heading', { level: 2 })).toBeInViewport();
    });

    test('the player is a bar, and never covers the focused element', async ({ page }) => {
      await signIn(page, 'karin', `/calls?note=${INVOICE.edit?.note?.split(' ')[0]}`);
      await (await rows(page)).first().click();
      const panel = page.getByRole('complementary', { name: 'Samtalet' });
      const player = panel.getByRole('region', { name: 'Spelare' });
      await expect(player).toBeInViewport({ ratio: 1 });
      expect((await player.boundingBox())?.height).toBeLessThanOrEqual(56);
      const play = player.getByRole('button', { name: 'Spela', exact: true });
      await uncovered(play);
      await uncovered(player.getByRole('slider', { name: 'Plats i samtalet' }));
      await play.click();
      await expect(panel.locator('.seal')).toContainText('Oförändrat sedan');
      await page.screenshot({ path: `${PICTURES}zoomed-${viewport.width}-call.png` });
      for (const field of [
        panel.getByRole('textbox', { name: 'Notering' }),
        panel.getByRole('textbox', { name: 'Fält 3' }),
        panel.getByRole('switch', { name: 'Hoppa över tystnad' }),
        panel.getByRole('tab', { name: 'Ändringar' }),
      ]) {
        await field.focus();
        await uncovered(field);
      }
      // Every element that Tab focuses, from the panel's heading on, is visible.
      await panel.getByRole('heading', { level: 2 }).focus();
      const focused = page.locator('.panel :focus');
      let stops = 0;
      for (await page.keyboard.press('Tab'); (await focused.count()) > 0; await page.keyboard.press('Tab')) {
        await uncovered(focused);
        stops++;
      }
      expect(stops).toBeGreaterThan(8);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
      expect(await objections(page)).toEqual([]);
    });
  });
}

test.describe('the system’s own colours', () => {
  test.use({ forcedColors: 'active' });

  test('current, chosen and switched-on elements are distinguishable', async ({ page }) => {
    await signIn(page, 'karin', '/calls');
    await expect
      .poll(() => differs(page, '.top nav .tab[data-status="active"]', '.top nav .tab:not([data-status])'))
      .toBe(true);
    await (await rows(page)).filter({ hasText: 'Faktura 4411' }).click();
    const [chosen, other] = ['tr.chosen td:nth-child(2)', 'tr[data-id]:not(.chosen) td:nth-child(2)'];
    await expect.poll(() => differs(page, chosen, other)).toBe(true);
    await expect
      .poll(() => differs(page, '.mark-choice[aria-pressed="true"]', '.mark-choice[aria-pressed="false"]'))
      .toBe(true);
    await page.screenshot({ path: `${PICTURES}forced-call.png` });
    expect(await objections(page)).toEqual([]);

    const skip = page.getByRole('switch', { name: 'Hoppa över tystnad' });
    const knob = '.player-foot .mantine-Switch-track';
    const off = await drawn(page, knob);
    await skip.click();
    await expect.poll(() => drawn(page, knob)).not.toEqual(off);
    expect(off.border).toBeGreaterThan(0);
    await skip.click();

    await page.goto(`${cloud.portal}/administration/users`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect.poll(() => differs(page, '.side a[data-status="active"]', '.side a:not([data-status])')).toBe(true);
    await page.screenshot({ path: `${PICTURES}forced-users.png` });
    expect(await objections(page)).toEqual([]);
  });
});

/** How many of the elements are completely visible. */
function inSight(elements: Element[]): number {
  const whole = ({ top, bottom }: DOMRect) => top >= 0 && bottom <= innerHeight && bottom > top;
  return elements.filter((element) => whole(element.getBoundingClientRect())).length;
}

/** Expects the middle of the element, or of its visible label, to be in the window and on top. */
async function uncovered(element: Locator) {
  await expect
    .poll(() =>
      element.evaluate((element) => {
        const shown = element instanceof HTMLInputElement ? (element.closest('label, div') ?? element) : element;
        const { left, top, width, height } = shown.getBoundingClientRect();
        const at = document.elementFromPoint(left + width / 2, top + Math.min(height, innerHeight) / 2);
        return at !== null && (shown.contains(at) || at.contains(shown))
          ? 'on top'
          : `under ${at?.outerHTML.slice(0, 80)}`;
      }),
    )
    .toBe('on top');
}

type Drawn = { colours: string[]; border: number };

/** The visible style of an element in forced system colours. */
function drawn(page: Page, selector: string): Promise<Drawn> {
  return page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const style = getComputedStyle(element);
      const outline = style.outlineStyle === 'none' ? 'none' : style.outlineColor;
      return {
        colours: [style.backgroundColor, style.color, style.borderBlockEndColor, outline],
        border: Number.parseFloat(style.borderBlockEndWidth),
      };
    });
}

async function differs(page: Page, one: string, other: string): Promise<boolean> {
  return JSON.stringify(await drawn(page, one)) !== JSON.stringify(await drawn(page, other));
}

async function objections(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
  return violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}
