// The portal in a browser, signed in through the page. Errors and policy violations fail a test.

import { type BrowserContext, test as base, expect, type Locator, type Page } from '@playwright/test';
import { cloud, type User } from './cloud';

export { expect, type Locator, type Page };

type Fixtures = {
  /** A page on which the user has signed in, at an address of the portal. */
  signedIn(user: User, address?: string): Promise<Page>;
};

export const test = base.extend<Fixtures>({
  page: async ({ page }, use) => {
    const complaints = listenTo(page);
    await use(page);
    expect(complaints, 'what the browser complained of').toEqual([]);
  },
  signedIn: async ({ browser, page, contextOptions }, use) => {
    let first: Page | undefined = page;
    const contexts: BrowserContext[] = [];
    const complaints: string[][] = [];
    await use(async (user, address = '/calls') => {
      let mine = first;
      first = undefined;
      if (!mine) {
        const context = await browser.newContext(contextOptions);
        contexts.push(context);
        mine = await context.newPage();
        complaints.push(listenTo(mine));
      }
      await signIn(mine, user, address);
      return mine;
    });
    for (const context of contexts) await context.close();
    expect(complaints.flat(), 'what the browser complained of').toEqual([]);
  },
});

/** Fills in the issuer's page, from any page of the portal. */
export async function fillIn(page: Page, user: User) {
  const { email = '', password = '' } = cloud.users[user] ?? {};
  await page.locator('input[name=username]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit], input[type=submit]').first().click();
}

export async function signIn(page: Page, user: User, address: string) {
  await page.goto(cloud.portal + address);
  await page.getByRole('button', { name: /^(Logga in|Sign in)$/ }).click();
  await fillIn(page, user);
  await expect(page.getByRole('navigation').first()).toBeVisible();
}

/** The rows of the list, after a response to a search. */
export async function rows(page: Page): Promise<Locator> {
  await expect(page.getByRole('status').filter({ hasText: /samtal|calls?/ })).toBeVisible();
  return page.locator('table.calls tbody tr[data-id]');
}

/** Types into the search box and takes the suggestion of the kind. */
export async function search(page: Page, text: string, kind: string) {
  const box = page.getByRole('combobox', { name: 'Sök samtal' });
  await box.fill(text);
  await page.getByRole('option').filter({ hasText: kind }).first().click();
  await expect(box).toHaveValue('');
}

/** Opens the call of the row that contains the text. */
export async function open(page: Page, text: string): Promise<Locator> {
  const list = await rows(page);
  await list.filter({ hasText: text }).first().click();
  const panel = page.getByRole('complementary', { name: 'Samtalet' });
  await expect(panel.getByRole('heading', { level: 2 })).toBeVisible();
  return panel;
}

/** The playback position in seconds. */
export function position(page: Page): Promise<number> {
  return page.evaluate(() => document.querySelector('audio')?.currentTime ?? 0);
}

function listenTo(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`${error.name}: ${error.message}`));
  page.on('console', (message) => {
    // The page reports refused requests, so the browser's message about them is no complaint.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return complaints;
}
