// Finds silence: both parties quiet for a second or more, by the loudness of each 1/20 s.

/** Loudness values per second. */
export const A_SECOND = 20;

const SILENT_FOR = 1;
const HEAD_START = 0.2;

/** The loudness of each twentieth of a second: its highest sample, 0 to 1. */
export function loudnessOf(samples: Float32Array, rate: number): Float32Array {
  const size = rate / A_SECOND;
  const loudness = new Float32Array(Math.ceil(samples.length / size));
  for (let index = 0; index < samples.length; index++) {
    const level = Math.abs(samples[index] as number);
    const moment = Math.floor(index / size);
    if (level > (loudness[moment] as number)) loudness[moment] = level;
  }
  return loudness;
}

/** At most `most` bars; the height of each is the root mean square of its loudness. */
export function barsOf(loudness: Float32Array, most: number): Float32Array {
  const count = Math.max(1, Math.min(most, loudness.length));
  return Float32Array.from({ length: count }, (_, bar) => {
    const part = loudness.subarray(
      Math.floor((bar * loudness.length) / count),
      Math.ceil(((bar + 1) * loudness.length) / count),
    );
    return Math.sqrt(part.reduce((sum, level) => sum + level * level, 0) / Math.max(1, part.length));
  });
}

/** The end of the silence at `at` (seconds), just before the next word; undefined in speech. */
export function silenceAt(loudness: Float32Array, at: number): number | undefined {
  const quiet = threshold(loudness);
  const here = Math.floor(at * A_SECOND);
  let [first, last] = [here, here];
  while (first >= 0 && (loudness[first] as number) < quiet) first--;
  while (last < loudness.length && (loudness[last] as number) < quiet) last++;
  const isLong = last - first - 1 >= SILENT_FOR * A_SECOND;
  const end = last / A_SECOND - HEAD_START;
  return isLong && end - at > HEAD_START ? end : undefined;
}

const thresholds = new WeakMap<Float32Array, number>();

/** A twentieth of the call's loud level, because recordings differ in level. */
function threshold(loudness: Float32Array): number {
  const known = thresholds.get(loudness);
  if (known !== undefined) return known;
  const loud = loudness.toSorted()[Math.floor(loudness.length * 0.95)] ?? 0;
  thresholds.set(loudness, loud / 20);
  return loud / 20;
}
