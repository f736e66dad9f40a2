// Where the graph's lines go, in a field of 1 by 1 with its origin at the top, as SVG has it.

import { shifted } from '../../time';

export type Point = { x: number; y: number };

/** The next round number: 1, 2 or 5 times a power of ten. */
export function roundUp(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const step = [1, 2, 5, 10].find((step) => step * power >= most) ?? 10;
  return step * power;
}

/** Days at their distance from the first, so that one that lacks leaves a gap's width. */
export function pointsOf(days: { day: string; value: number }[], top: number): Point[] {
  const [first, last] = [days[0]?.day ?? '', days.at(-1)?.day ?? ''];
  const span = between(first, last);
  return days.map(({ day, value }) => ({
    x: span ? between(first, day) / span : 0.5,
    y: 1 - Math.min(Math.max(value, 0), top) / top,
  }));
}

export function lineOf(points: Point[], width: number, height: number): string {
  const spelt = points.map(({ x, y }) => `${round(x * width)} ${round(y * height)}`);
  return spelt.length ? `M${spelt.join('L')}` : '';
}

/** The same, closed along the foot. */
export function areaOf(points: Point[], width: number, height: number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return '';
  return `${lineOf(points, width, height)}L${round(last.x * width)} ${height}L${round(first.x * width)} ${height}Z`;
}

function between(first: string, last: string): number {
  return (Date.parse(shifted(last, 0)) - Date.parse(shifted(first, 0))) / 86_400_000;
}

const round = (number: number) => Math.round(number * 10) / 10;
