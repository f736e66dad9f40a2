import { useMediaQuery } from '@mantine/hooks';

/** Whether the window is so low that the page scrolls as one: a telephone on its side, or 200 % and more on a laptop. As in the style sheets. */
export function useShort(): boolean {
  return useMediaQuery('(max-height: 31.25em)') ?? false;
}
