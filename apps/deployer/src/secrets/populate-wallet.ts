import { randomBytes } from 'node:crypto'
import { type BusRoot, type CertificateSubject, certificateEnd, certificateIsUsable, openBusRoot } from '@trivault/bus'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { brokerHost, secretId, secretNames } from '../names.ts'
import { readSecretText } from './file-guard.ts'
import { secretKeys } from './keys.ts'
import { type Candidate, isWritten, planSecrets, planText } from './plan.ts'
import { type GivenSecrets, readGivenSecrets, SECRET_FILE } from './secret-file.ts'
import { openStore, type SecretStore } from './store.ts'
import { busParties, databaseParties } from './wiring.ts'

const REDEPLOY = 'make deploy-wallet'
const CHAIN_URLS = 'custom-chain-rpc-urls'

/**
 * Brings the wallet partition's secrets to AWS Secrets Manager: shows a plan, asks, writes. What is there already is replaced
 * only when it is named in `rotate`. Without customer-secrets.yml only generated values are looked after. Throws DeployerError.
 */
export async function populateWallet(context: Context, rotate: readonly string[]): Promise<void> {
  const { out, flags } = context
  const deployment = context.deployment()
  const text = await readSecretText(context)
  const given = text === undefined ? undefined : readGivenSecrets(text)
  const store = await openStore(context)
  const current = await readCurrent(store, name => secretId(deployment, name))
  if (given === undefined && current.size === 0)
    throw new DeployerError(
      'missing-file',
      `${SECRET_FILE} is not in ${context.cwd}, and AWS Secrets Manager has no secrets of this environment`,
      'run `make generate-secret-file`, edit the file, then run this again',
    )
  const candidates = await candidatesOf(context, given, current, new Set(rotate))
  const unknown = rotate.find(name => !candidates.some(candidate => candidate.name === name))
  if (unknown !== undefined)
    throw new DeployerError(
      'usage',
      `--rotate ${unknown}: there is no such secret here`,
      `use one of ${candidates.map(({ name }) => name).join(', ')}`,
    )
  const plan = await planSecrets(candidates, new Set(rotate))
  const changes = plan.filter(({ action }) => isWritten(action))
  const urls = changes.find(({ name }) => name === CHAIN_URLS)?.value ?? current.get(CHAIN_URLS)
  const unconnected = unconnectedText(deployment.chains, urls)
  if (unconnected !== undefined) out.warn(unconnected)
  const shown = plan.map(({ value: _, ...rest }) => rest)
  const told = planText(plan)
  if (changes.length === 0) return out.result({ plan: shown, written: [] }, `${told}\nnothing to do`)
  if (flags.dryRun) return out.result({ plan: shown, written: [] }, `${told}\nnothing was written (--dry-run)`)
  out.say(told)
  if (!(await context.confirm(`Write ${changes.length} secrets to AWS Secrets Manager?`)))
    throw new DeployerError('declined', 'nothing was written', 'run it again and answer yes, or with ARGS=--yes')
  const written: string[] = []
  for (const { name, value } of changes) {
    if (value === undefined) continue
    await store.write(secretId(deployment, name), value, purposeOf(name))
    written.push(name)
  }
  out.result(
    { plan: shown, written },
    `${written.length} secrets are written; \`make shred-secrets\` destroys the file`,
  )
}

/** Nothing else brings the wallet to a chain: there is no data API in this release. `urls`: JSON, by chain. */
export function unconnectedText(chains: readonly string[], urls = '{}'): string | undefined {
  const known = Object.keys(JSON.parse(urls) as Record<string, string>)
  const unconnected = chains.filter(chain => !known.includes(chain))
  if (unconnected.length === 0) return undefined
  return `! no RPC URL for ${unconnected.join(', ')}: the wallet starts, and refuses balances and transfers there → add it under ${CHAIN_URLS}`
}

const certificates = busParties.map(party => ({ party, name: secretNames.brokerTls(party) }))
const databases = databaseParties.map(party => ({ party, name: secretNames.dbInfo(party) }))

async function readCurrent(store: SecretStore, id: (name: string) => string): Promise<Map<string, string>> {
  const names = [
    ...secretKeys.map(({ name }) => name),
    'auth0',
    ...databases.map(({ name }) => name),
    secretNames.webhookToken,
    ...certificates.map(({ name }) => name),
  ]
  const current = new Map<string, string>()
  for (const name of names) {
    const value = await store.read(id(name))
    if (value !== undefined) current.set(name, value)
  }
  return current
}

async function candidatesOf(
  context: Context,
  given: GivenSecrets | undefined,
  current: ReadonlyMap<string, string>,
  rotate: ReadonlySet<string>,
): Promise<Candidate[]> {
  const candidates: Candidate[] = secretKeys.map(({ name, restart }) => ({
    ...{ name, restart: restart.replaceAll('`', ''), generated: false, current: current.get(name) },
    next: async () => given?.values.get(name),
  }))
  const identity = given && JSON.stringify({ PROVIDER: given.identity.provider, ...given.identity.block })
  candidates.push({
    ...{ name: 'auth0', restart: `${REDEPLOY}, make generate-fe-env`, generated: false, current: current.get('auth0') },
    next: async () => identity,
  })
  for (const { party, name } of databases)
    candidates.push({
      ...{ name, generated: true, current: current.get(name) },
      restart: party === 'wallet' ? REDEPLOY : `${REDEPLOY}, make deploy-nitro-nodes`,
      next: async () =>
        JSON.stringify({ database: `trivault_${party}`, user: `trivault_${party}`, password: random() }),
    })
  candidates.push({
    ...{
      name: secretNames.webhookToken,
      generated: true,
      current: current.get(secretNames.webhookToken),
      restart: 'nothing',
    },
    next: async () => random(),
  })
  return [...candidates, ...(await certificateCandidates(context, given, current, rotate))]
}

/** Certificates follow the root that will be in place after this run. */
async function certificateCandidates(
  context: Context,
  given: GivenSecrets | undefined,
  current: ReadonlyMap<string, string>,
  rotate: ReadonlySet<string>,
): Promise<Candidate[]> {
  const part = (name: string): string | undefined =>
    current.has(name) && !rotate.has(name) ? current.get(name) : given?.values.get(name)
  const [cert, key] = [part('broker-root-ca'), part('broker-root-ca-key')]
  if (cert === undefined || key === undefined) return []
  const now = context.clock()
  const root = await openBusRoot({ cert, key }, now).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : 'not usable'
    const both = rotate.has('broker-root-ca') !== rotate.has('broker-root-ca-key')
    const remedy = both
      ? 'rotate both: ARGS="--rotate broker-root-ca --rotate broker-root-ca-key"'
      : 'empty both keys in customer-secrets.yml and run `make broker-ca`'
    throw new DeployerError('bad-config', why, remedy, { cause, place: { file: SECRET_FILE, field: 'broker-root-ca' } })
  })
  const host = brokerHost(context.deployment())
  return Promise.all(
    certificates.map(async ({ party, name }): Promise<Candidate> => {
      const who: CertificateSubject = party === 'broker' ? { dns: [host] } : { party }
      const due = await dueOf(root, who, current.get(name), now)
      return {
        ...{ name, generated: true, current: current.get(name) },
        restart: party.startsWith('node') ? 'make deploy-nitro-nodes' : REDEPLOY,
        ...(due !== undefined && { due }),
        next: async () => JSON.stringify(await root.issue(who, now)),
      }
    }),
  )
}

async function dueOf(root: BusRoot, who: CertificateSubject, current: string | undefined, now: number) {
  if (current === undefined) return undefined
  const pair = JSON.parse(current) as { cert: string; key: string }
  if (await certificateIsUsable(root.cert, pair, who, now)) return undefined
  const end = certificateEnd(pair.cert)
  return end === undefined
    ? 'not a certificate'
    : `of another root, or ends on ${new Date(end).toISOString().slice(0, 10)}`
}

const random = (): string => randomBytes(32).toString('base64url')

const purposeOf = (name: string): string =>
  (secretKeys.find(key => key.name === name)?.purpose ?? 'Trivault: made by populate-secrets-wallet').slice(0, 200)
