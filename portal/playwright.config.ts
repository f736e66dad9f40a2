// Runs in Debian's Chromium against the local cloud, started by `make portal-test`.

import { defineConfig } from '@playwright/test';

const OUTPUT = '../.local/portal';

export default defineConfig({
  outputDir: `${OUTPUT}/results`,
  globalSetup: './tests/setup.ts',
  fullyParallel: false,
  workers: 2,
  forbidOnly: true,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    locale: 'sv-SE',
    timezoneId: 'America/New_York', // not Stockholm: the pages must show Stockholm's time all the same
    viewport: { width: 1400, height: 900 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'portal', testDir: './tests', testIgnore: 'figures/**' },
    { name: 'figures', testDir: './tests/figures', workers: 1 },
  ],
});
