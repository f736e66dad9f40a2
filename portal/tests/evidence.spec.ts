// The page in each package of evidence: offline, and with the findings of the command.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, type Page, test } from '@playwright/test';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = `file://${join(ROOT, 'shared/evidence/assets/VERIFY.html')}`;
const FLIPS = 300;

// Of the page itself.
declare function verify(files: Map<string, Blob>, progress: () => void): Promise<{ kind: string }[]>;
declare const FINDINGS: Record<string, [string] | undefined>;

test.use({ offline: true, locale: 'en-GB' });

function packageOf(recordings: number, bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  execFileSync(join(ROOT, 'target/debug/examples/evidence_package'), [folder, String(recordings), String(bytes)]);
  return folder;
}

/** The findings of the command, by line. */
function byTheCommand(folder: string, ...options: string[]): string[] {
  const printed = execFileSync(join(ROOT, 'target/debug/verify'), [...options, folder], { encoding: 'utf8' });
  const lines = printed.split('\n').filter((line) => line.startsWith('  '));
  return lines.map((line) => line.trim()).sort();
}

async function byThePage(page: Page, folder: string): Promise<string[]> {
  await page.locator('#folder').setInputFiles(folder);
  await expect(page.locator('#report')).toBeVisible({ timeout: 120_000 });
  return (await page.locator('#report li').allTextContents()).sort();
}

test('a package of 1,000 recordings is proven line by line, as by the command', async ({ page }) => {
  test.setTimeout(300_000);
  const folder = packageOf(1000, 3000);
  await page.goto(PAGE);
  const found = await byThePage(page, folder);
  expect(found).toEqual(byTheCommand(folder));
  expect(found.filter((line) => line.includes('the audio is what was stored'))).toHaveLength(1000);
  await expect(page.locator('#verdict')).toHaveText('Nothing is wrong. What is proven is listed below.');
  await page.getByRole('button', { name: 'På svenska' }).click();
  await expect(page.locator('#verdict')).toHaveText('Inget är fel. Det som bevisas står nedan.');
  const swedish = (await page.locator('#report li').allTextContents()).sort();
  expect(swedish).toEqual(byTheCommand(folder, '--swedish'));
});

test('each flipped bit is reported', async ({ page }) => {
  test.setTimeout(300_000);
  const folder = packageOf(3, 300);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const files = paths.map((path) => [path, readFileSync(join(folder, path)).toString('base64')] as const);
  await page.goto(PAGE);
  const unnoticed = await page.evaluate(
    async ({ files, flips }) => {
      const contents = new Map(
        files.map(([path, content]) => [path, Uint8Array.from(atob(content), (it) => it.charCodeAt(0))]),
      );
      const blobs = new Map([...contents].map(([path, content]) => [path, new Blob([content])]));
      const isSound = async () =>
        (await verify(blobs, () => undefined)).every((found) => FINDINGS[found.kind]?.[0] !== 'wrong');
      if (!(await isSound())) return ['the package itself'];
      const unnoticed = [];
      let random = 1;
      const draw = (below: number) => {
        random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
        return Math.floor((random / 0x80000000) * below);
      };
      for (let flip = 0; flip < flips; flip++) {
        const [path, right] = [...contents][draw(contents.size)] ?? ['', new Uint8Array()];
        const [at, bit] = [draw(right.length), draw(8)];
        const flipped = right.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        blobs.set(path, new Blob([flipped]));
        if (await isSound()) unnoticed.push(`bit ${bit} at ${at} of ${path}`);
        blobs.set(path, new Blob([right]));
      }
      return unnoticed;
    },
    { files, flips: FLIPS },
  );
  expect(unnoticed).toEqual([]);
});

test('audio of more than 64 MiB is hashed in pieces', async ({ page }) => {
  test.setTimeout(300_000);
  const folder = packageOf(1, 65 * 2 ** 20 + 7);
  await page.goto(PAGE);
  const found = await byThePage(page, folder);
  expect(found.filter((line) => line.includes('the audio is what was stored'))).toHaveLength(1);
  await expect(page.locator('#verdict')).toHaveClass('proven');
});

test('what is missing, and what does not belong, is named', async ({ page }) => {
  const folder = packageOf(2, 100);
  const facts = join(folder, 'facts/00000000000000000000000001.json');
  execFileSync('rm', [facts]);
  execFileSync('cp', [join(folder, 'MANIFEST.json'), join(folder, 'extra.json')]);
  await page.goto(PAGE);
  const found = await byThePage(page, folder);
  for (const line of [
    'facts/00000000000000000000000001.json is missing.',
    'extra.json does not belong to this package.',
  ]) {
    expect(found).toContain(line);
  }
  await expect(page.locator('#verdict')).toHaveText('3 errors were found.');
  await expect(page.locator('#verdict')).toHaveClass('wrong');
});
