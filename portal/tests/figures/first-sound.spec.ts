// Measures the time from a click to sound, for a call of twenty minutes in the local cloud.

import { cloud } from '../cloud';
import { expect, rows, signIn, test } from '../portal';

const CLICKS = 15;

test('first sound after a click', async ({ page }) => {
  await signIn(page, 'anna', '/calls?min=1000');
  const [row] = await (await rows(page)).all();
  const address = await row?.getByRole('link').getAttribute('href');
  const times: number[] = [];
  const wide: string[] = [];
  page.on('response', async (response) => {
    if (response.request().resourceType() === 'media') wide.push(`${response.status()}`);
  });
  for (let click = 0; click < CLICKS; click++) {
    await page.goto(`${cloud.portal}${address}`);
    await expect(page.getByRole('button', { name: 'Spela', exact: true })).toBeVisible();
    await page.waitForLoadState('networkidle');
    times.push(
      await page.evaluate(async () => {
        const audio = document.querySelector('audio') as HTMLAudioElement;
        const button = document.querySelector<HTMLElement>('.play') as HTMLElement;
        const began = performance.now();
        button.click();
        while (!(audio.currentTime > 0)) await new Promise(requestAnimationFrame);
        return performance.now() - began;
      }),
    );
  }
  times.sort((one, other) => one - other);
  expect(wide.every((status) => status === '206')).toBe(true);
  const shown = (time: number | undefined) => `${Math.round(time ?? 0)} ms`;
  console.log(
    `first sound of a 20-minute call, ${CLICKS} clicks: median ${shown(times[Math.floor(CLICKS / 2)])} (aim 400 ms), least ${shown(times[0])}, most ${shown(times.at(-1))}; every answer a 206`,
  );
});
