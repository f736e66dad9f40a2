import { useMediaQuery } from '@mantine/hooks';

/** Whether the window is low: a telephone on its side or 200 % zoom. As in the style sheets. */
export function useShort(): boolean {
  return useMediaQuery('(max-height: 31.25em)') ?? false;
}
