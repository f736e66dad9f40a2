// The coordinates of the graph, in a unit square with its origin at the top left, as in SVG.

import { shifted } from '../../time';

export type Point = { x: number; y: number };

/** The next round number: 1, 2 or 5 times a power of ten. */
export function roundUp(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const step = [1, 2, 5, 10].find((step) => step * power >= most) ?? 10;
  return step * power;
}

/** Days by their distance from the first, so that a missing day leaves a gap. */
export function pointsOf(days: { day: string; value: number }[], top: number): Point[] {
  const [first, last] = [days[0]?.day ?? '', days.at(-1)?.day ?? ''];
  const span = between(first, last);
  return days.map(({ day, value }) => ({
    x: span ? between(first, day) / span : 0.5,
    y: 1 - Math.min(Math.max(value, 0), top) / top,
  }));
}

export function lineOf(points: Point[], width: number, height: number): string {
  const coordinates = points.map(({ x, y }) => `${round(x * width)} ${round(y * height)}`);
  return coordinates.length ? `M${coordinates.join('L')}` : '';
}

/** The same path, closed along the bottom. */
export function areaOf(points: Point[], width: number, height: number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return '';
  return `${lineOf(points, width, height)}L${round(last.x * width)} ${height}L${round(first.x * width)} ${height}Z`;
}

function between(first: string, last: string): number {
  return (Date.parse(shifted(last, 0)) - Date.parse(shifted(first, 0))) / 86_400_000;
}

const round = (number: number) => Math.round(number * 10) / 10;
