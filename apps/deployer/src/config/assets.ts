import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BD_WALLET, readBdWallet, writeBdWallet } from './bd-wallet.ts'
import { orThrow, readCustomerConfigOf, readIfThere } from './index.ts'
import { differingFields, type Regenerated, regenerate } from './regenerate.ts'
import type { Environment } from './rules.ts'
import { tenantSetupText } from './tenant-setup.ts'

export const TENANT_SETUP = 'tenant-setup.json'

/** Kept beside the files, so that a later run can tell a person's edits from its own. */
const generatedCopy = (cwd: string, name: string): string => join(cwd, '.trivault', 'generated', name)

export interface CustomerAssets extends Regenerated {
  readonly created: boolean
  /** What to write for tenant-setup.json; undefined: it stays. */
  readonly tenantSetup: string | undefined
  readonly environment: Environment
}

/** What `generate-customer-assets` would do here. Throws `DeployerError` for files that are wrong. */
export function planCustomerAssets(cwd: string): CustomerAssets {
  const generated = readCustomerConfigOf(cwd)
  const text = readIfThere(join(cwd, BD_WALLET))
  const mine = text === undefined ? undefined : { text, environment: orThrow(readBdWallet(text)) }
  const regenerated = regenerate({ base: lastGenerated(cwd), mine, generated })
  const merged = regenerated.conflicts.length > 0 ? generated : orThrow(readBdWallet(regenerated.text))
  const tenantSetup = tenantSetupText(merged)
  return {
    ...regenerated,
    created: mine === undefined,
    tenantSetup: isUntouched(cwd) && readIfThere(join(cwd, TENANT_SETUP)) !== tenantSetup ? tenantSetup : undefined,
    environment: generated,
  }
}

export function writeCustomerAssets(cwd: string, assets: CustomerAssets): void {
  writeWhole(join(cwd, BD_WALLET), assets.text)
  writeWhole(generatedCopy(cwd, BD_WALLET), writeBdWallet(assets.environment))
  if (assets.tenantSetup === undefined) return
  writeWhole(join(cwd, TENANT_SETUP), assets.tenantSetup)
  writeWhole(generatedCopy(cwd, TENANT_SETUP), assets.tenantSetup)
}

/** Fields of customer-config.yml that have changed since bd-wallet.yml was made from it; none when either is not there or wrong. */
export function fieldsDue(cwd: string): string[] {
  const base = lastGenerated(cwd)
  if (base === undefined) return []
  return differingFields(base, readCustomerConfigOf(cwd))
}

function lastGenerated(cwd: string): Environment | undefined {
  const text = readIfThere(generatedCopy(cwd, BD_WALLET))
  return text === undefined ? undefined : readBdWallet(text).environment
}

/** Absent, or exactly as the bundle or an earlier run wrote it. */
function isUntouched(cwd: string): boolean {
  const text = readIfThere(join(cwd, TENANT_SETUP))
  if (text === undefined || text === readIfThere(generatedCopy(cwd, TENANT_SETUP))) return true
  const pulled = JSON.parse(readIfThere(join(cwd, '.trivault', 'assets.json')) ?? '{}') as Record<string, string>
  return pulled[TENANT_SETUP] === createHash('sha256').update(text).digest('hex')
}

/** The file is there whole or not at all. */
export function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new~`, text)
  renameSync(`${path}.new~`, path)
}
