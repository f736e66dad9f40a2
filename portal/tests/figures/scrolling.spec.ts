// Measures memory and frame times while 100,000 rows scroll, by quarter. The test makes the rows.

import { expect, signIn, test } from '../portal';

const ROWS = 100_000;
const PAGE = 200;
const QUARTERS = 4;
const STEP = 1_760; // 40 rows a frame

test('a hundred thousand rows', async ({ page, context }) => {
  test.setTimeout(600_000);
  await page.route('**/v1/recordings?*', (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const recordings = Array.from({ length: PAGE }, (_, index) => made(from + index));
    const cursor = from + PAGE < ROWS ? String(from + PAGE) : null;
    return route.fulfill({ json: { recordings, cursor }, headers: { 'access-control-allow-origin': '*' } });
  });
  await signIn(page, 'karin', '/calls');
  await expect(page.locator('tr[data-index="0"][data-id]')).toBeVisible();
  const devtools = await context.newCDPSession(page);
  const heap = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize / 2 ** 20;
  };
  const figures: string[] = [];
  const [before, medians] = [await heap(), [] as number[]];
  for (let quarter = 1; quarter <= QUARTERS; quarter++) {
    const frames = await page.evaluate(scrollTo, { row: (ROWS * quarter) / QUARTERS - 1, step: STEP });
    frames.sort((one, other) => one - other);
    const [median = 0, most = 0] = [frames[Math.floor(frames.length / 2)], frames[Math.floor(frames.length * 0.95)]];
    medians.push(median);
    figures.push(
      `  rows to ${((ROWS * quarter) / QUARTERS).toLocaleString('en')}: ${(await heap()).toFixed(1)} MB, ${frames.length} frames, median ${median.toFixed(1)} ms, 95 % within ${most.toFixed(1)} ms, ${await page.locator('tr[data-index]').count()} rows in the page`,
    );
  }
  console.log(
    `scrolled through ${ROWS.toLocaleString('en')} rows; before it ${before.toFixed(1)} MB\n${figures.join('\n')}`,
  );
  await expect(page.locator(`tr[data-index="${ROWS - 1}"][data-id]`)).toBeVisible();
});

/** Scrolls one step per frame until the row is visible. Returns the duration of each frame. */
async function scrollTo({ row, step }: { row: number; step: number }): Promise<number[]> {
  const scroller = document.querySelector('.rows') as HTMLElement;
  const frames: number[] = [];
  let last = performance.now();
  while (!document.querySelector(`tr[data-index="${row}"][data-id]`)) {
    scroller.scrollBy(0, step);
    const now: number = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames;
}

function made(index: number) {
  return {
    id: String(index).padStart(26, '0'),
    callId: `call-${index}`,
    state: 'stored',
    user: ['anna', 'omar', 'maja'][index % 3],
    direction: index % 2 ? 'in' : 'out',
    counterpart: `+4670${String(index).padStart(7, '0')}`,
    startedAt: new Date(Date.UTC(2026, 10, 24) - index * 60_000).toISOString(),
    durationMs: (index % 900) * 1000,
    contentType: 'audio/ogg',
    contentLength: 100_000,
    sha256: '0'.repeat(64),
    note: index % 4 ? null : `Samtal nummer ${index} om en faktura som gäller fel månad`,
    mark: ['red', null, 'green', null, null][index % 5],
    fields: [null, null, null],
    version: '"0"',
    registeredAt: '2026-11-24T00:00:00Z',
    storedAt: '2026-11-24T00:00:00Z',
    expiresAt: '2027-05-24T00:00:00Z',
    heldSince: null,
    rejection: null,
  };
}
