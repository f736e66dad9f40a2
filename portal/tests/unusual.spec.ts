import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { as, done, send, settled, word } from './cloud';
import { expect, test } from './portal';

const CASES = new URL('../../.local/audio/cases/', import.meta.url);

/** Stores a file of the difficult ones, with other members of the registration. */
async function stored(file: string, other: object) {
  const audio = await readFile(new URL(file, CASES));
  const api = await as('anna');
  const { recording, upload } = await done(
    api.POST('/v1/recordings', {
      body: {
        callId: `unusual-${word()}`,
        direction: 'in',
        counterpart: 'sip:Support@bolaget.se',
        startedAt: new Date(Date.now() - 60_000).toISOString(),
        durationMs: 20_000,
        contentType: 'audio/wav',
        contentLength: audio.length,
        sha256: createHash('sha256').update(audio).digest('hex'),
        ...other,
      },
    }),
  );
  if (upload) expect(await send(upload, audio)).toBe(200);
  expect(await settled('anna', recording.id)).toBe('stored');
  return recording.id;
}

test('a format that browsers cannot play is offered as a file, and nobody listens', async ({ signedIn }) => {
  const page = await signedIn('anna', `/calls/${await stored('gsm.wav', {})}`);
  const panel = page.getByRole('complementary', { name: 'Samtalet' });
  await expect(panel).toContainText('Webbläsare kan inte spela ljudets format');
  await expect(panel.getByRole('button', { name: 'Spela', exact: true })).toHaveCount(0);
  const saved = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Ladda ner en kopia' }).click();
  expect((await saved).suggestedFilename()).toContain('_support-bolaget.se.wav');
});

test('a wrong clock, damage and a wrong length are explained', async ({ signedIn }) => {
  const startedAt = new Date(Date.now() + 48 * 3600_000).toISOString();
  const id = await stored('mp4-index-first-cut.m4a', { startedAt, durationMs: 60_000 });
  const page = await signedIn('anna', `/calls/${id}`);
  const panel = page.getByRole('complementary', { name: 'Samtalet' });
  await expect(panel).toContainText('Telefonens klocka gick fel');
  await expect(panel).toContainText('Ljudfilen är avkortad');
  await expect(panel).toContainText('Appen angav längden 1:00');
  await expect(panel).toContainText('Längden är uppskattad');
  await expect(panel.locator('.player-times')).toContainText('≈');
  await expect(panel.locator('.facts')).toContainText('sip:Support@bolaget.se');
});
