import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { open, readFile, unlink, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { declaredRole } from '../preflight.ts'
import { SECRET_FILE } from './secret-file.ts'
import { publicTemplate, secretTemplate } from './template.ts'

const run = promisify(execFile)

/** Writes the template of the caller's role. Never overwrites. Throws DeployerError. */
export async function generateSecretFile(context: Context): Promise<void> {
  const file = context.file(SECRET_FILE)
  const publicOnly = declaredRole(context)?.startsWith('policy-node') === true
  if (existsSync(file)) {
    context.out.result({ file: SECRET_FILE, written: false }, `${SECRET_FILE} is there already and stays as it is`)
    return warnAbout(context)
  }
  if (!context.flags.dryRun)
    await writeFile(file, publicOnly ? publicTemplate() : secretTemplate(), { mode: 0o600, flag: 'wx' })
  const next = publicOnly ? 'make populate-secrets-policy-node…' : 'make broker-ca'
  context.out.result(
    { file: SECRET_FILE, written: !context.flags.dryRun, publicOnly },
    `${SECRET_FILE} is written (0600): edit it, then \`${next}\``,
  )
  await warnAbout(context)
}

/** The text of customer-secrets.yml, with warnings about where it lies; undefined when it is not there. */
export async function readSecretText(context: Context): Promise<string | undefined> {
  const text = await readFile(context.file(SECRET_FILE), 'utf8').catch(() => undefined)
  if (text !== undefined) await warnAbout(context)
  return text
}

/** Throws DeployerError missing-file. */
export async function requireSecretText(context: Context): Promise<string> {
  const text = await readSecretText(context)
  if (text !== undefined) return text
  throw new DeployerError(
    'missing-file',
    `${SECRET_FILE} is not in ${context.cwd}`,
    'run `make generate-secret-file`, edit the file, then run this again',
  )
}

/** Warns when git knows the file or others can read it. */
export async function warnAbout({ cwd, file, out }: Context): Promise<void> {
  const path = file(SECRET_FILE)
  if (!existsSync(path)) return
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o077) !== 0)
    out.warn(`! ${SECRET_FILE} can be read by others (mode ${mode.toString(8)}) → chmod 600 ${SECRET_FILE}`)
  const tracked = await run('git', ['ls-files', '--error-unmatch', SECRET_FILE], { cwd }).then(
    () => true,
    () => false,
  )
  if (tracked)
    out.warn(
      `! ${SECRET_FILE} is tracked by git → git rm --cached ${SECRET_FILE}; if it was ever pushed, rotate every secret in it`,
    )
}

/** Overwrites and removes the file. Throws DeployerError missing-file, declined. */
export async function shredSecrets(context: Context): Promise<void> {
  const path = context.file(SECRET_FILE)
  if (!existsSync(path)) {
    context.out.result({ shredded: false }, `there is no ${SECRET_FILE} here`)
    return
  }
  if (context.flags.dryRun) {
    context.out.result({ shredded: false }, `${SECRET_FILE} would be overwritten and removed`)
    return
  }
  if (!(await context.confirm(`Destroy ${SECRET_FILE}? What is not in AWS Secrets Manager is lost.`)))
    throw new DeployerError('declined', `${SECRET_FILE} is kept`, 'run it again with ARGS=--yes when you are sure')
  const handle = await open(path, 'r+')
  try {
    const { size } = await handle.stat()
    await handle.write(randomBytes(Math.max(size, 1)), 0, Math.max(size, 1), 0)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await unlink(path)
  context.out.result(
    { shredded: true },
    `${SECRET_FILE} is overwritten and removed; snapshots and backups of this disk may still hold it`,
  )
}
