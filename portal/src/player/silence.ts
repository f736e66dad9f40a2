// Where a call is silent: both parties have stopped talking, for a second or more. Found from how loud each twentieth of a second is.

/** Moments of loudness to a second. */
export const A_SECOND = 20;

const SILENT_FOR = 1;
const LEAD_IN = 0.2;

/** How loud each twentieth of a second is: the highest sample in it, 0 to 1. */
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

/** The curve to draw: as many bars as there is room for, each as high as the sound in it is loud on the whole, not at its loudest. */
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

/** Where the silence that `at` (seconds) lies in ends, a moment before the next word; undefined where someone talks, or soon will. */
export function silenceAt(loudness: Float32Array, at: number): number | undefined {
  const quiet = threshold(loudness);
  const here = Math.floor(at * A_SECOND);
  let [first, last] = [here, here];
  while (first >= 0 && (loudness[first] as number) < quiet) first--;
  while (last < loudness.length && (loudness[last] as number) < quiet) last++;
  const isLong = last - first - 1 >= SILENT_FOR * A_SECOND;
  const end = last / A_SECOND - LEAD_IN;
  return isLong && end - at > LEAD_IN ? end : undefined;
}

const thresholds = new WeakMap<Float32Array, number>();

/** A twentieth of what is loud in this call: recordings differ in level. */
function threshold(loudness: Float32Array): number {
  const known = thresholds.get(loudness);
  if (known !== undefined) return known;
  const loud = loudness.toSorted()[Math.floor(loudness.length * 0.95)] ?? 0;
  thresholds.set(loudness, loud / 20);
  return loud / 20;
}
