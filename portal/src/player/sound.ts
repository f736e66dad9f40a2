// Fetches the whole audio during playback, compares its SHA-256 with the stored one and draws it.
//
// Playback does not wait: it has its own Range requests. Audio that does not fit in memory twice is
// not fetched; the checksum file of the day's folder verifies it.

import type { Recording } from '../api/problem';
import { loudnessOf } from './silence';

export type Sound = {
  /** `too-large` and `unread`: neither checked nor drawn. */
  seal: 'fetching' | 'unchanged' | 'altered' | 'too-large' | 'unread';
  /** 0 to 1, while fetching. */
  fetched: number;
  /** Null: unknown, because the audio was not read or cannot be decoded. */
  loudness?: Float32Array | null;
};

/** The share of new bytes between two progress reports. */
const NOTCH = 0.05;
const LARGEST = 64 * 2 ** 20;
/** A decoded second takes 32 kB for each party, whatever its encoded size. */
const LONGEST_MS = 3 * 3_600_000;
/** The lowest rate that every browser decodes to: half of it is more than telephony carries. */
const RATE = 8_000;

export async function soundOf(recording: Recording, url: string, signal: AbortSignal, tell: (sound: Sound) => void) {
  if (recording.contentLength > LARGEST) return tell({ seal: 'too-large', fetched: 0, loudness: null });
  tell({ seal: 'fetching', fetched: 0 });
  try {
    const bytes = await fetched(url, recording.contentLength, signal, (fetched) => tell({ seal: 'fetching', fetched }));
    const seal = (await sha256(bytes)) === recording.sha256 ? 'unchanged' : 'altered';
    if (recording.durationMs > LONGEST_MS) return tell({ seal, fetched: 1, loudness: null });
    tell({ seal, fetched: 1 });
    const loudness = await decoded(bytes).catch(() => null); // a playable format may be undecodable, and then has no curve
    if (!signal.aborted) tell({ seal, fetched: 1, loudness });
  } catch {
    if (!signal.aborted) tell({ seal: 'unread', fetched: 0, loudness: null });
  }
}

/** Why the silence cannot be known; undefined if it is known, or may be once it is read. */
export function silenceUnknown(recording: Recording, sound: Sound | undefined): 'tooLarge' | 'unread' | undefined {
  if (recording.contentLength > LARGEST || recording.durationMs > LONGEST_MS) return 'tooLarge';
  return sound?.loudness === null ? 'unread' : undefined;
}

async function fetched(url: string, length: number, signal: AbortSignal, tell: (share: number) => void) {
  const answer = await fetch(url, { signal, priority: 'low' });
  if (!answer.ok || !answer.body) throw new Error(`the sound answered ${answer.status}`);
  const bytes = new Uint8Array(length);
  let [count, reported] = [0, 0];
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    if (count + value.length > length) throw new Error('there are more bytes than were registered');
    bytes.set(value, count);
    count += value.length;
    if (count - reported < length * NOTCH) continue;
    reported = count;
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
