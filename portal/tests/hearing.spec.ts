// A browser fetches audio twice by the same link, to play and to check: at full speed and slowly.

import { INVOICE, NIGHT, OFFER, SWITCHBOARD, WITHHELD } from './calls';
import { as, cloud, done } from './cloud';
import { passingOn } from './passingOn';
import { expect, type Page, signIn, test } from './portal';

const CALLS = [INVOICE, OFFER, SWITCHBOARD, WITHHELD, NIGHT];

async function idsOf(calls: { id: string }[]): Promise<string[]> {
  const api = await as('karin');
  const { recordings } = await done(api.GET('/v1/recordings', { params: { query: { limit: 1000 } } }));
  return calls.map(({ id }) => recordings.find(({ callId }) => callId === id)?.id ?? '');
}

/** Plays the open call, and waits until its audio has been checked and drawn. */
async function heard(page: Page, id: string) {
  const panel = page.getByRole('complementary', { name: 'Samtalet' });
  await panel.getByRole('button', { name: 'Spela', exact: true }).click();
  await expect(panel.locator('.seal'), id).toContainText('Oförändrat sedan', { timeout: 30_000 });
  await expect(panel.locator('.waveform canvas').first()).toBeVisible();
  // A curve, and not the line that is shown before the audio has been read.
  await expect.poll(() => tallest(page), { message: id, timeout: 40_000 }).toBeGreaterThan(10);
}

/** The height of the curve's tallest bar, in pixels. */
function tallest(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvases = [...document.querySelectorAll<HTMLElement>('.waveform-drawn > *')].flatMap((host) => [
      ...(host.shadowRoot?.querySelectorAll('canvas') ?? []),
    ]);
    let most = 0;
    for (const canvas of canvases) {
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
      for (let x = 0; pixels && x < pixels.width; x++) {
        let height = 0;
        for (let y = 0; y < pixels.height; y++) if (pixels.data[(y * pixels.width + x) * 4 + 3]) height++;
        most = Math.max(most, height);
      }
    }
    return most;
  });
}

test('S3 sends CORS headers only to a request with an origin', async () => {
  const [id = ''] = await idsOf([INVOICE]);
  const api = await as('karin');
  const { url } = await done(api.POST('/v1/recordings/{id}/playback', { params: { path: { id } } }));
  const without = await fetch(url);
  expect(without.headers.get('access-control-allow-origin')).toBeNull();
  expect(without.headers.get('vary') ?? '').not.toMatch(/origin/i);
  const withOne = await fetch(url, { headers: { origin: cloud.portal } });
  expect(withOne.headers.get('access-control-allow-origin')).toBe(cloud.portal);
  expect(withOne.headers.get('vary')).toMatch(/origin/i);
});

test('five calls in quick succession are each checked and drawn', async ({ browser, contextOptions }) => {
  test.setTimeout(180_000);
  const proxy = await passingOn();
  const context = await browser.newContext({ ...contextOptions, proxy: { server: proxy.server } });
  const page = await context.newPage();
  await page.addInitScript(whenAllIsThere);
  await signIn(page, 'karin', '/calls');
  for (const id of await idsOf(CALLS)) {
    await page.goto(`${cloud.portal}/calls/${id}`);
    await heard(page, id);
  }
  await context.close();
  proxy.close();
});

/** Delays the check until all audio is buffered, as on a line faster than any machine. */
function whenAllIsThere() {
  const plain = window.fetch;
  window.fetch = async (...asked) => {
    const audio = document.querySelector('audio');
    const isThere = () =>
      audio && audio.buffered.length > 0 && audio.buffered.end(audio.buffered.length - 1) >= audio.duration - 0.1;
    const isSound = audio && String(asked[0]) === audio.src;
    while (isSound && !isThere())
      await new Promise((resolve) => audio.addEventListener('progress', resolve, { once: true }));
    return plain(...asked);
  };
}

test('a call on a slow line plays before it has been checked, and is then checked and drawn', async ({ signedIn }) => {
  test.setTimeout(180_000);
  const page = await signedIn('karin');
  const [id = ''] = await idsOf([SWITCHBOARD]);
  await page.goto(`${cloud.portal}/calls/${id}`);
  await slow(page);
  await heard(page, id);
});

/** 8 Mbit/s, 60 ms: a home connection. */
async function slow(page: Page) {
  const line = await page.context().newCDPSession(page);
  await line.send('Network.enable');
  await line.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 60,
    downloadThroughput: 1_000_000,
    uploadThroughput: 250_000,
  });
}

test('playback that the browser blocks says so, and starts at the next press', async ({ signedIn }) => {
  const page = await signedIn('karin');
  const [id = ''] = await idsOf([INVOICE]);
  await page.addInitScript(() => {
    const { play } = HTMLMediaElement.prototype;
    let presses = 0;
    HTMLMediaElement.prototype.play = function () {
      presses++;
      return presses === 1 ? Promise.reject(new DOMException('no press', 'NotAllowedError')) : play.call(this);
    };
  });
  await page.goto(`${cloud.portal}/calls/${id}`);
  let links = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/playback')) links++;
  });
  const button = page.getByRole('button', { name: 'Spela', exact: true });
  await button.click();
  await expect(page.getByRole('alert')).toContainText('Tryck en gång till');
  await button.click();
  await expect(page.getByRole('button', { name: 'Pausa' })).toBeVisible();
  await expect(page.getByText('Tryck en gång till')).toHaveCount(0);
  expect(links).toBe(1);
});

test('a switch that cannot work is disabled, and says why', async ({ signedIn }) => {
  const page = await signedIn('karin');
  const [id = ''] = await idsOf([INVOICE]);
  await page.goto(`${cloud.portal}/calls/${id}`);
  const skip = page.getByRole('switch', { name: 'Hoppa över tystnad' });
  await expect(skip).toBeEnabled();
  await page.getByRole('button', { name: '10 sekunder framåt' }).isDisabled();
  await expect(page.getByRole('button', { name: '10 sekunder framåt' })).toHaveAttribute('title', 'Spela först');
  await page.evaluate(() => {
    const plain = window.fetch;
    const isSound = (asked: unknown) => String(asked) === document.querySelector('audio')?.src;
    window.fetch = (...asked) => (isSound(asked[0]) ? Promise.reject(new TypeError('no answer')) : plain(...asked));
  });
  await page.getByRole('button', { name: 'Spela', exact: true }).click();
  await expect(page.locator('.seal')).toContainText('Kunde inte kontrolleras');
  await expect(skip).toBeDisabled();
  await expect(skip).toHaveAccessibleDescription(/ljudet kunde inte läsas/);
  await page.locator('.panel-head h2').click();
  await page.keyboard.press('s');
  await expect(skip).not.toBeChecked();
});
