import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatedFiles } from './files.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const template = readFileSync(join(root, 'installer/customer-config.yml'), 'utf8')
for (const [path, text] of Object.entries(generatedFiles(template))) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
