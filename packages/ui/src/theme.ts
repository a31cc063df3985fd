import { createTheme, type MantineColorsTuple } from '@mantine/core'

/** A calm blue; shade 7 on white and shade 3 on the dark background both pass WCAG AA for text. */
const vault: MantineColorsTuple = [
  '#eef4ff',
  '#dbe6fb',
  '#b3caf5',
  '#89adf0',
  '#6593ea',
  '#4d83e7',
  '#3d76de',
  '#2a5fbf',
  '#2154ad',
  '#13479b',
]

/** Greys of the dark scheme with the same touch of blue as its surfaces. */
const dark: MantineColorsTuple = [
  '#dde2ea',
  '#b9c0cc',
  '#949dac',
  '#737d8d',
  '#4a5362',
  '#3a4250',
  '#272d37',
  '#1b1f26',
  '#15181d',
  '#101216',
]

export const theme = createTheme({
  colors: { vault, dark },
  primaryColor: 'vault',
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '650' },
})
