import { createHash } from 'node:crypto';
import { EXPECTED, REJECTED, STORED } from './calls';
import { as, done, NOW, register, settled, stored } from './cloud';
import { lose, pass } from './past';

/** Makes the calls and the fixtures of `past`. It may run again, because call ids are fixed. */
export default async function setup() {
  for (const call of STORED) await stored(call);
  await register(EXPECTED);
  await rejected();
  await pass();
  await lose();
}

/** A text that claims to be audio. */
async function rejected() {
  const text = Buffer.from('no audio at all, but as many bytes as were promised');
  const api = await as(REJECTED.user);
  const { recording, upload } = await done(
    api.POST('/v1/recordings', {
      body: {
        callId: REJECTED.id,
        direction: 'in',
        counterpart: REJECTED.counterpart ?? '',
        startedAt: new Date(NOW - REJECTED.ago * 60_000).toISOString(),
        durationMs: 2000,
        contentType: 'audio/wav',
        contentLength: text.length,
        sha256: createHash('sha256').update(text).digest('hex'),
      },
    }),
  );
  if (upload) await fetch(upload.url, { method: upload.method, headers: upload.headers, body: text });
  await settled(REJECTED.user, recording.id);
}
