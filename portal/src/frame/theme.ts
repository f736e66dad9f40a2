// The theme: system fonts, one accent, calm surfaces in light and dark.

import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const petrol: MantineColorsTuple = [
  '#e7f5f5',
  '#d0e8e8',
  '#a3d2d3',
  '#71babd',
  '#47a2a7',
  '#2b8b92',
  '#17757d',
  '#0f5f67',
  '#0b4f56',
  '#083e44',
];

/** For destructive actions. White text has enough contrast from the seventh shade on. */
const red: MantineColorsTuple = [
  '#fdecea',
  '#f9d5d1',
  '#f2ada6',
  '#ff9a8f',
  '#e5604f',
  '#d44435',
  '#b8322a',
  '#a82c25',
  '#8f241f',
  '#761c18',
];

/** Slightly warm neutrals, so that the accent is the only cool colour. */
const dark: MantineColorsTuple = [
  '#ebe9e4',
  '#c9c6bf',
  '#a8a59d',
  '#8d8a83',
  '#4b4a47',
  '#3a3937',
  '#2d2c2b',
  '#201f1e',
  '#191817',
  '#121211',
];

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 6 },
  colors: { petrol, red, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: { fontWeight: '620' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, events: { hover: true, focus: true, touch: false } } },
    // A dialog's header is not the page's banner.
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.4 },
        attributes: { header: { role: 'presentation' } },
      },
    },
    Drawer: { defaultProps: { attributes: { header: { role: 'presentation' } } } },
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: { '--row': '44px' },
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#22211f',
    '--mantine-color-dimmed': '#66635c',
    '--mantine-color-error': '#a3261c',
    '--mantine-color-placeholder': '#6f6b64',
    '--surface': '#f7f5f1',
    '--line': '#e4e0d8',
    '--edge': 'rgb(40 36 28 / 0.16)',
    '--line-strong': '#cfcac0',
    '--hover': '#f4f1ec',
    '--chosen': '#e6f2f2',
    '--accent': '#0f5f67',
    '--wave': '#a9b9ba',
    '--good': '#1f6b3a',
    '--warn': '#8a4b00',
    '--bad': '#a3261c',
    '--band-warn': '#fff3dc',
  },
  dark: {
    '--mantine-color-body': '#191817',
    '--mantine-color-text': '#ebe9e4',
    '--mantine-color-dimmed': '#aeaaa2',
    '--mantine-color-error': '#ff9a8f',
    '--mantine-color-placeholder': '#a09c94',
    '--mantine-color-petrol-light': '#17302f',
    '--mantine-color-petrol-light-hover': '#1d3b3a',
    '--mantine-color-petrol-light-color': '#a3d2d3',
    '--surface': '#121211',
    '--line': '#2f2e2c',
    '--edge': 'rgb(0 0 0 / 0.6)',
    '--line-strong': '#4b4a47',
    '--hover': '#211f1e',
    '--chosen': '#17302f',
    '--accent': '#71babd',
    '--wave': '#5a6567',
    '--good': '#7fcf9a',
    '--warn': '#f0b35b',
    '--bad': '#ff9a8f',
    '--band-warn': '#3a2a10',
  },
});
