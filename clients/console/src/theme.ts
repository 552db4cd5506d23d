import { createTheme } from '@mantine/core';
import type { MantineColorsTuple } from '@mantine/core';

// A still is made of copper: the accent, and the colour of every student. Teachers and other providers are slate.
const copper: MantineColorsTuple = [
  '#fcf4ee',
  '#f6e5d8',
  '#ecc9b0',
  '#e2ab85',
  '#d99162',
  '#cc7c49',
  '#b86836',
  '#9c5527',
  '#7c431f',
  '#5d3218',
];
const slate: MantineColorsTuple = [
  '#f1f4f8',
  '#e1e7ef',
  '#c5d0de',
  '#a3b3c8',
  '#8498b2',
  '#6a819f',
  '#546b89',
  '#435872',
  '#35465b',
  '#283646',
];
const gray: MantineColorsTuple = [
  '#faf9f7',
  '#f4f2ef',
  '#eae7e2',
  '#ddd9d2',
  '#c6c0b7',
  '#a39c92',
  '#736c63',
  '#5b554e',
  '#3d3934',
  '#24211e',
];
const dark: MantineColorsTuple = [
  '#e0ddd8',
  '#bfbbb5',
  '#9a948d',
  '#6f6a64',
  '#413d39',
  '#35312e',
  '#292624',
  '#1b1918',
  '#161413',
  '#0f0e0d',
];

/** One look for the whole console: warm neutrals, one accent, borders instead of shadows. */
export const theme = createTheme({
  primaryColor: 'copper',
  primaryShade: 7,
  colors: { copper, slate, gray, dark },
  black: '#24211e',
  defaultRadius: 'md',
  radius: { xs: '3px', sm: '4px', md: '6px', lg: '10px', xl: '16px' },
  fontFamily: '-apple-system, "Segoe UI", Inter, Roboto, "Noto Sans", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '12px', sm: '13.5px', md: '15px', lg: '17px', xl: '20px' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '22px', lineHeight: '1.3' },
      h2: { fontSize: '15px', lineHeight: '1.4' },
      h3: { fontSize: '13.5px', lineHeight: '1.4' },
    },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250, events: { hover: true, focus: true, touch: true } } },
    Switch: { defaultProps: { withThumbIndicator: false } },
  },
});
