// The whole sound, fetched behind the playing: its SHA-256 is held against what was sealed when it came, and its loudness drawn.
//
// The player does not wait for this: it plays by Range requests of its own. What is too large to hold in memory twice is not fetched; the list
// of checksums in the day's folder covers it.

import type { Recording } from '../api/problem';
import { loudnessOf } from './silence';

export type Sound = {
  /** `too-large` and `unread`: neither checked nor drawn. */
  seal: 'fetching' | 'unchanged' | 'altered' | 'too-large' | 'unread';
  /** 0 to 1, while fetching. */
  fetched: number;
  loudness?: Float32Array;
};

/** How much more has come whenever it is told. */
const NOTCH = 0.05;
const LARGEST = 64 * 2 ** 20;
/** The lowest rate that every browser decodes to: half of it is more than telephony carries. */
const RATE = 8_000;

export async function soundOf(recording: Recording, url: string, signal: AbortSignal, tell: (sound: Sound) => void) {
  if (recording.contentLength > LARGEST) return tell({ seal: 'too-large', fetched: 0 });
  tell({ seal: 'fetching', fetched: 0 });
  try {
    const bytes = await fetched(url, recording.contentLength, signal, (fetched) => tell({ seal: 'fetching', fetched }));
    const seal = (await sha256(bytes)) === recording.sha256 ? 'unchanged' : 'altered';
    tell({ seal, fetched: 1 });
    const loudness = await decoded(bytes).catch(() => undefined); // a format that plays and cannot be decoded has no curve
    if (!signal.aborted) tell({ seal, fetched: 1, loudness });
  } catch {
    if (!signal.aborted) tell({ seal: 'unread', fetched: 0 });
  }
}

async function fetched(url: string, length: number, signal: AbortSignal, tell: (share: number) => void) {
  const answer = await fetch(url, { signal, priority: 'low' });
  if (!answer.ok || !answer.body) throw new Error(`the sound answered ${answer.status}`);
  const bytes = new Uint8Array(length);
  let [count, told] = [0, 0];
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    if (count + value.length > length) throw new Error('there are more bytes than were sealed');
    bytes.set(value, count);
    count += value.length;
    if (count - told < length * NOTCH) continue;
    told = count;
    tell(count / length);
  }
  return bytes.subarray(0, count);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function decoded(bytes: Uint8Array<ArrayBuffer>): Promise<Float32Array> {
  const audio = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(bytes.buffer);
  const channels = Array.from({ length: audio.numberOfChannels }, (_, channel) =>
    loudnessOf(audio.getChannelData(channel), audio.sampleRate),
  );
  return (channels[0] as Float32Array).map((level, moment) =>
    Math.max(level, ...channels.map((channel) => channel[moment] ?? 0)),
  );
}
