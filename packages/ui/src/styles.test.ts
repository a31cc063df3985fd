import { existsSync, globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const styles = join(dirname(createRequire(import.meta.url).resolve('@mantine/core/styles.css')), 'styles')
const sheet = readFileSync(join(import.meta.dirname, 'mantine.css'), 'utf8')

/** Components that Mantine's own are made of. */
const within = ['Combobox', 'Input', 'InlineInput', 'Popover', 'ModalBase', 'Overlay', 'UnstyledButton', 'CloseButton']

/** What a module takes from @mantine/core by value. */
const taken = (text: string): string[] =>
  [...text.matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)].flatMap(([, names = '']) =>
    names.split(',').map(name => name.trim()),
  )

it('every Mantine component that the apps use comes with its styles', () => {
  const files = globSync('{packages/ui,apps/console,apps/approver}/src/**/*.tsx', { cwd: root })
  const used = new Set(files.flatMap(file => taken(readFileSync(join(root, file), 'utf8'))))
  expect(used.size).toBeGreaterThan(20)
  const missing = [...used, ...within].filter(
    name => existsSync(join(styles, `${name}.css`)) && !sheet.includes(`/styles/${name}.css"`),
  )
  expect(missing).toEqual([])
})
