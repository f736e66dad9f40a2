import { expect, it } from 'vitest';
import { A_SECOND, barsOf, loudnessOf, silenceAt } from './silence';

/** Loudness by seconds: [loudness, seconds]. */
const call = (...parts: [number, number][]) =>
  Float32Array.from(parts.flatMap(([level, seconds]) => Array(seconds * A_SECOND).fill(level)));

it('loudness is the highest sample of each twentieth of a second, whatever its sign', () => {
  const samples = new Float32Array(8000).fill(0.1);
  samples[4001] = -0.8;
  const loudness = loudnessOf(samples, 8000);
  expect(loudness).toHaveLength(A_SECOND);
  expect(loudness[10]).toBeCloseTo(0.8);
  expect(loudness[9]).toBeCloseTo(0.1);
});

it('a silence ends a moment before the next word', () => {
  const loudness = call([0.5, 2], [0, 4], [0.5, 2]);
  expect(silenceAt(loudness, 3)).toBeCloseTo(5.8);
  expect(silenceAt(loudness, 2)).toBeCloseTo(5.8);
});

it('a word or a breath between words is not silence', () => {
  const loudness = call([0.5, 2], [0, 4], [0.5, 2]);
  expect(silenceAt(loudness, 1)).toBeUndefined();
  expect(silenceAt(loudness, 5.7)).toBeUndefined();
  const breath = Float32Array.from([...call([0.5, 1]), ...Array(A_SECOND / 2).fill(0), ...call([0.5, 1])]);
  expect(silenceAt(breath, 1.2)).toBeUndefined();
});

it('the hum of a bad line is silence', () => {
  expect(silenceAt(call([0.5, 5], [0.02, 3], [0.5, 5]), 6)).toBeCloseTo(7.8);
});

it('silence at the end is skipped to the end, and a silent call is left alone', () => {
  expect(silenceAt(call([0.5, 2], [0, 4]), 3)).toBeCloseTo(5.8);
  expect(silenceAt(call([0, 4]), 1)).toBeUndefined();
});

it('there are as many bars as fit, and at most one per loudness value', () => {
  expect(barsOf(call([0.5, 60]), 240)).toHaveLength(240);
  expect(barsOf(call([0.5, 1]), 240)).toHaveLength(A_SECOND);
  expect(barsOf(call([0.5, 60]), 240).every((bar) => Math.abs(bar - 0.5) < 0.001)).toBe(true);
});
