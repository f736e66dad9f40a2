// Signs in through the issuer's page in Chromium. Reads its task as JSON from the standard input, and prints its result as JSON:
// { task: 'code', address, redirect, email, password } → { returned }, the address with the authorization code;
// { task: 'portal', address, issuer, email, password } → { rows, complaints }, the calls that the portal lists and the console's errors about it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../portal/package.json', import.meta.url))('@playwright/test');
const PATIENCE = 30_000; // milliseconds for each step

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Fills in the issuer's page, which may ask for the password on a second page. Cognito's has a hidden copy of its form. */
async function fillIn(page, { email, password }) {
  const submit = page.locator('button[type=submit]:visible, input[type=submit]:visible').first();
  await page.locator('input[name=username]:visible').fill(email);
  const secret = page.locator('input[name=password]:visible');
  if ((await secret.count()) === 0) await submit.click();
  await secret.fill(password);
  await submit.click();
}

/** Waits until the page has loaded, because a server may report a connection that is closed before. */
const idle = (page) => page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => {});

async function code(page, task) {
  const returned = page.waitForRequest((request) => request.url().startsWith(task.redirect));
  returned.catch(() => {}); // until it is awaited
  await page.goto(task.address);
  await fillIn(page, task);
  const result = { returned: (await returned).url() };
  await idle(page);
  return result;
}

/** The issuer's page has no icon, for example. */
const isOfIssuer = (url, { issuer }) => url.startsWith(issuer) && !url.includes('/v1/');

async function portal(page, task) {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`${error.name}: ${error.message}`));
  page.on('console', (message) => {
    const { url } = message.location();
    if (message.type() === 'error' && !isOfIssuer(url, task)) complaints.push(`${message.text()} ${url}`);
  });
  await page.goto(task.address);
  await page.getByRole('button', { name: /^(Logga in|Sign in)$/ }).click();
  await fillIn(page, task);
  const rows = page.locator('table.calls tbody tr[data-id]');
  await rows.first().waitFor();
  await idle(page);
  return { rows: await rows.count(), complaints };
}

const task = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
const page = await browser.newPage({ locale: 'sv-SE', viewport: { width: 1400, height: 900 } });
page.setDefaultTimeout(PATIENCE);
try {
  console.log(JSON.stringify(await (task.task === 'code' ? code : portal)(page, task)));
} catch (error) {
  const text = await page.innerText('body', { timeout: 1000 }).catch(() => '');
  console.log(JSON.stringify({ error: error.message.split('\n')[0], page: text.trim().slice(0, 300) }));
} finally {
  await browser.close();
}
