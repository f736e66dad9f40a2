// The portal as people meet it: signed in through the page, with whatever breaks the policy or throws held against the test.

import { test as base, expect, type Locator, type Page } from '@playwright/test';
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
    const contexts: Awaited<ReturnType<typeof browser.newContext>>[] = [];
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

/** Fills in the issuer's own page, wherever in the portal it was come from. */
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

/** The rows of the list, once a search has been answered. */
export async function rows(page: Page): Promise<Locator> {
  await expect(page.getByRole('status').filter({ hasText: /samtal|calls?/ })).toBeVisible();
  return page.locator('table.calls tbody tr[data-id]');
}

/** Types into the one box and takes the suggestion of the kind. */
export async function search(page: Page, text: string, kind: string) {
  const box = page.getByRole('combobox', { name: 'Sök samtal' });
  await box.fill(text);
  await page.getByRole('option').filter({ hasText: kind }).first().click();
  await expect(box).toHaveValue('');
}

/** Opens the call of the row that shows the text. */
export async function open(page: Page, text: string): Promise<Locator> {
  const list = await rows(page);
  await list.filter({ hasText: text }).first().click();
  const panel = page.getByRole('complementary', { name: 'Samtalet' });
  await expect(panel.getByRole('heading', { level: 2 })).toBeVisible();
  return panel;
}

/** Where the sound is, in seconds. */
export function position(page: Page): Promise<number> {
  return page.evaluate(() => document.querySelector('audio')?.currentTime ?? 0);
}

function listenTo(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`${error.name}: ${error.message}`));
  page.on('console', (message) => {
    // What a server refuses is for the page to tell; that the browser tells it too is no complaint.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return complaints;
}
