import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'
import { seriesColors } from '~/charts/palette'

const slate: MantineColorsTuple = ['#c9ced8', '#b3bac7', '#8f98a8', '#69717f', '#434a57', '#323843', '#242931', '#1a1e25', '#13161b', '#0d0f13']

/** The one theme. The darker text colours give WCAG AA where the library's defaults do not. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 9 },
  colors: { dark: slate },
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'DejaVu Sans Mono', Menlo, monospace",
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.45rem', lineHeight: '1.3' }, h2: { fontSize: '1.1rem', lineHeight: '1.35' }, h3: { fontSize: '0.95rem', lineHeight: '1.4' } } },
  defaultRadius: 'md',
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '18px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontSizes: { xs: '0.75rem', sm: '0.84rem', md: '0.92rem', lg: '1.05rem', xl: '1.25rem' },
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', checkIconPosition: 'right', comboboxProps: { shadow: 'md' } } },
    Tooltip: { defaultProps: { openDelay: 300 } },
    Badge: { defaultProps: { radius: 'sm', tt: 'none', fw: 600 } },
    // The head of a dialog is not the banner of the page.
    ModalHeader: { defaultProps: { role: 'group' } },
    DrawerHeader: { defaultProps: { role: 'group' } },
    Modal: { defaultProps: { centered: true, radius: 'lg' } },
    Popover: { defaultProps: { shadow: 'lg', radius: 'md' } },
    Table: { defaultProps: { verticalSpacing: 7, horizontalSpacing: 'sm' } },
  },
})

const names = ['red', 'green', 'blue', 'yellow', 'orange', 'gray', 'indigo', 'teal', 'grape', 'cyan', 'violet', 'pink', 'lime']

/** Contrast fixes per scheme, and the surface colours of the app. */
export const variables: CSSVariablesResolver = () => {
  const light: Record<string, string> = {
    '--mantine-color-dimmed': '#565d69',
    '--mantine-color-placeholder': '#6a7280',
    '--mantine-color-anchor': 'var(--mantine-color-indigo-8)',
    '--mantine-color-error': '#c92a2a',
    '--app-bg': '#f6f7f9',
    '--app-surface': '#ffffff',
    '--app-sunken': '#f1f3f6',
    '--app-border': '#e1e4ea',
    '--app-border-strong': '#c3c9d3',
    '--app-text': '#1b1f27',
    '--app-good': '#0b7a3b',
    '--app-bad': '#c02626',
    '--app-warn': '#965b00',
    '--app-hover': '#eef1f8',
    '--app-flash': '#fff3bf',
    '--mantine-color-text': '#1b1f27',
  }
  const dark: Record<string, string> = {
    '--mantine-color-dimmed': '#a2aab8',
    '--mantine-color-placeholder': '#98a1b0',
    '--mantine-color-anchor': '#91a7ff',
    '--mantine-color-error': '#ff8787',
    '--app-bg': '#0f1216',
    '--app-surface': '#171a20',
    '--app-sunken': '#1e222a',
    '--app-border': '#2a2f39',
    '--app-border-strong': '#434a57',
    '--app-text': '#e7eaf0',
    '--app-good': '#51cf8a',
    '--app-bad': '#ff8787',
    '--app-warn': '#ffc34d',
    '--app-hover': '#20252e',
    '--app-flash': '#3d3615',
    '--mantine-color-text': '#e7eaf0',
    '--mantine-color-body': '#171a20',
    '--mantine-color-default': '#1b1f26',
    '--mantine-color-default-border': '#333945',
  }
  seriesColors.light.forEach((color, i) => {
    light[`--chart-${i + 1}`] = color
    dark[`--chart-${i + 1}`] = seriesColors.dark[i]!
  })
  for (const name of names) {
    light[`--mantine-color-${name}-light-color`] = name === 'gray' ? '#3b424e' : `color-mix(in oklab, var(--mantine-color-${name}-9) 78%, black)`
    dark[`--mantine-color-${name}-light-color`] = name === 'gray' ? '#cfd5e0' : `var(--mantine-color-${name}-2)`
  }
  return { variables: {}, light, dark }
}
