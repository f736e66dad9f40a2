// The organisation's marks. The shape carries the same meaning as the colour.

import { useQuery } from '@tanstack/react-query';
import { answered, type Schemas } from '../api/client';
import { useApp } from '../app';

export type Mark = Schemas['Mark'];

export const SHAPES: Record<Mark['shape'], string> = {
  diamond: '◆',
  circle: '●',
  triangle: '▲',
  square: '■',
  star: '★',
  pentagon: '⬟',
  cross: '✚',
  hexagon: '⬢',
};
export const COLOURS: Mark['colour'][] = ['red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'grey'];

const HOUR = 3_600_000;

export function useLegend(): { marks: Mark[]; labelOf(mark: string): string } {
  const { api } = useApp();
  const { data } = useQuery({ queryKey: ['marks'], queryFn: () => answered(api.GET('/v1/marks')), staleTime: HOUR });
  const marks = data?.marks ?? [];
  return { marks, labelOf: (mark) => marks.find((known) => known.mark === mark)?.label ?? mark };
}

/** The marks in use, in the order of their keys: 1 to 8. */
export function settable(marks: Mark[]): Mark[] {
  return marks.filter((mark) => !mark.retired);
}
