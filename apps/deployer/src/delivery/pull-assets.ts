import type { Context } from '../context.ts'
import { type Asset, type AssetReport, applyAssets } from './assets.ts'
import { RELEASE_FILE, SIGNATURE_FILE } from './release.ts'
import { KEY_FILE } from './signing.ts'
import { readListed } from './store.ts'
import { deliveryStore, verifiedRelease } from './verified.ts'

const words: Readonly<Record<AssetReport['action'], (report: AssetReport) => string>> = {
  write: ({ path }) => `${path}`,
  same: ({ path }) => `${path} is up to date`,
  update: ({ path }) => `${path} is newer now`,
  keep: ({ path, beside }) => `${path} was edited here: kept; the delivered one is ${beside}`,
  replace: ({ path, beside }) => `${path} is the delivered one now; yours is ${beside}`,
}

/** `make pull-customer-assets`: the whole bundle is fetched and checked before its first file is written. Throws `DeployerError`. */
export async function pullCustomerAssets(context: Context): Promise<void> {
  const { settings, flags, out } = context
  const store = await deliveryStore(context)
  const { release, key, prefix, bytes, signature } = await verifiedRelease(context, store, 'bundle')
  const listed = Object.entries(release.files).filter(([path]) => path.startsWith(prefix))
  const delivered: Asset[] = []
  for (const [path, entry] of listed)
    delivered.push({ path: path.slice(prefix.length), bytes: await readListed(store, path, entry) })
  const utf8 = (text: string) => new TextEncoder().encode(text)
  const manifest: Asset[] = [
    { path: RELEASE_FILE, bytes },
    { path: SIGNATURE_FILE, bytes: utf8(signature) },
    { path: KEY_FILE, bytes: utf8(key.pem) },
  ]
  const syncMakefile = settings.get('PULL_SYNC_MAKEFILE') === '1'
  const reports = applyAssets(context.cwd, [...delivered, ...manifest], { syncMakefile, dryRun: flags.dryRun })
  const changed = reports.filter(({ action }) => action !== 'same')
  const lines = changed.map(report => words[report.action](report))
  const closing = `release ${release.release}, signed by ${key.fingerprint}${flags.dryRun ? ' (dry run: nothing was written)' : ''}`
  out.result({ release: release.release, files: reports }, [...lines, closing].join('\n'))
}
