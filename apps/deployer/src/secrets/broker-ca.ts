import { readFile, writeFile } from 'node:fs/promises'
import { createBusRoot } from '@trivault/bus'
import { parseDocument } from 'yaml'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { generateSecretFile, warnAbout } from './file-guard.ts'
import { SECRET_FILE } from './secret-file.ts'

const ROOT_DAYS = 3650
const CERT = 'broker-root-ca'
const KEY = 'broker-root-ca-key'

/**
 * Makes the broker's root and puts certificate and key into customer-secrets.yml, nowhere else. Never replaces one.
 * Throws DeployerError.
 */
export async function brokerCa(context: Context): Promise<void> {
  const file = context.file(SECRET_FILE)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) {
    await generateSecretFile(context)
    if (context.flags.dryRun) return
    return brokerCa(context)
  }
  await warnAbout(context)
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem !== undefined)
    throw new DeployerError('bad-config', 'the file is not YAML', `correct line ${problem.linePos?.[0]?.line ?? 1}`, {
      place: { file: SECRET_FILE },
    })
  const filled = [CERT, KEY].filter(name => String(document.get(name) ?? '').trim() !== '')
  if (filled.length > 0)
    return context.out.result({ made: false }, `${filled.join(' and ')} are filled in already and stay as they are`)
  if (context.flags.dryRun) return context.out.result({ made: false }, 'a root would be made (--dry-run)')
  const { root, key } = await createBusRoot({ now: context.clock(), days: ROOT_DAYS, exportable: true })
  const filledIn = withBlock(withBlock(text, CERT, root.cert), KEY, key ?? '')
  await writeFile(file, filledIn, { mode: 0o600 })
  context.out.result(
    { made: true },
    `the broker's root is made: ${CERT} and ${KEY} are in ${SECRET_FILE}. The key gives delivery of messages, no authority of a node.`,
  )
}

/** The file with a literal block in place of the empty key, or at its end; nothing else in it moves. */
function withBlock(text: string, name: string, pem: string): string {
  const block = `${name}: |\n${pem.trimEnd().replace(/^/gm, '  ')}`
  const line = new RegExp(`^${name}:[ \\t]*(""|'')?[ \\t]*$`, 'm')
  return line.test(text) ? text.replace(line, () => block) : `${text.trimEnd()}\n\n${block}\n`
}
