import { type Client, createClient, DeviceKey } from '@trivault/client'
import { fromBase64 } from '@trivault/codec'
import { type FoundingMode, sha256 } from '@trivault/protocol'
import { DEV_CHAIN_ID, rpc } from './anvil.ts'
import type { SampleUser } from './endpoints.ts'
import { LocalError } from './errors.ts'
import { keptFile, readIfThere, writePrivate } from './files.ts'
import type { Home } from './home.ts'
import type { Founding } from './provision.ts'
import { PASSWORD_GRANT } from './services/oidc.ts'

export const OWNER_GROUP = 'owner'
export const SAMPLE_MASTER_KEY = 'main'
export const SAMPLE_ACCOUNT = 'treasury'
const OWNERS_REQUIRED = 2
const CHAIN = `eip155:${DEV_CHAIN_ID}`
/** 100 ETH in wei. */
const SAMPLE_FUNDS = 10n ** 20n
const SETUP_TIMEOUT_MS = 90_000

export type SampleSite = {
  readonly home: Home
  readonly api: string
  readonly oidc: string
  readonly evmPort: number
  readonly bootstrapApiKey: string
  readonly adminApiKey: string | null
  readonly users: readonly SampleUser[]
  /** Keeps the admin API key, which the API shows once. */
  readonly keepAdminKey: (key: string) => void
}

export const deviceKeyFile = (home: Home, user: string) => home.path('devices', `${user}.key`)
const doneFile = (home: Home) => home.path('sample.done')

/**
 * The guide's step 16 and first pairings, through the public API alone: tenant set-up, an admin API key, a device key for
 * each sample user, and funds for the account on the dev chain. Every step can be repeated: one that was cut short is
 * finished by the next start.
 */
export async function setUpSample(site: SampleSite, say: (line: string) => void): Promise<void> {
  const { home, users } = site
  if (readIfThere(doneFile(home)) !== undefined) return
  const bootstrap = createClient({ baseUrl: site.api, apiKey: site.bootstrapApiKey, timeoutMs: SETUP_TIMEOUT_MS })
  say('setting up the sample tenant: users, owner group, one master key, one account')
  await setUpTenant(bootstrap, users)
  if (site.adminApiKey === null) {
    const suffix = Date.now().toString(36)
    const { ApiKey } = await bootstrap.call('createSystemUserEndpoint', {
      body: { Name: `sample-admin-${suffix}`, Role: 'Admin' },
    })
    site.keepAdminKey(ApiKey)
  }
  const people = users.map(user => ({
    user,
    device: deviceOf(home, user),
    client: createClient({ baseUrl: site.api, bearer: once(() => signIn(site.oidc, user)) }),
  }))
  for (const person of people) {
    say(`pairing the device of ${person.user.id}`)
    await pair(bootstrap, person, people)
  }
  const { Address } = await bootstrap.call('cwpgetAddressCAIP2', {
    body: { MasterKey: SAMPLE_MASTER_KEY, Account: SAMPLE_ACCOUNT, CAIP2: CHAIN },
  })
  await fund(site.evmPort, Address)
  say(`account ${SAMPLE_ACCOUNT} has ${SAMPLE_FUNDS / 10n ** 18n} ETH on the dev chain at ${Address}`)
  writePrivate(doneFile(home), `${Address}\n`)
}

/** True when the sample tenant of this home is complete. */
export function hasSample(home: Home): boolean {
  return readIfThere(doneFile(home)) !== undefined
}

/** What is pinned of the sample people; in mode `pinned` their device keys are made now. */
export function foundingOf(home: Home, foundingMode: FoundingMode, users: readonly SampleUser[]): Founding {
  if (foundingMode === 'open') return { foundingMode, founders: [], foundersRequired: 0, founderKeys: [] }
  const pinned = foundingMode === 'pinned' ? users : []
  return {
    foundingMode,
    founders: users.map(user => user.id),
    foundersRequired: OWNERS_REQUIRED,
    founderKeys: pinned.map(user => sha256(fromBase64(deviceOf(home, user).publicKey))),
  }
}

function deviceOf(home: Home, user: SampleUser): DeviceKey {
  return DeviceKey.parse(keptFile(deviceKeyFile(home, user.id), () => DeviceKey.generate().export()))
}

async function setUpTenant(bootstrap: Client, users: readonly SampleUser[]): Promise<void> {
  try {
    await bootstrap.call('setupDefaultTenant', {
      body: {
        Users: users.map(({ id, name }) => ({ ID: id, Name: name })),
        Group: OWNER_GROUP,
        ApprovalsRequired: OWNERS_REQUIRED,
        MasterKeysAndAccounts: { [SAMPLE_MASTER_KEY]: [SAMPLE_ACCOUNT] },
        Assets: { CAIP2s: [CHAIN] },
      },
    })
  } catch (error) {
    if (!(error instanceof Error && /already populated/i.test(error.message))) throw error
  }
}

type Person = { readonly user: SampleUser; readonly device: DeviceKey; readonly client: Client }

/** Registers a person's device key. The first ones need nobody; once the vault is sealed, the others approve. */
async function pair(bootstrap: Client, { user, device }: Person, people: readonly Person[]): Promise<void> {
  const operation = `sample-device-${user.id.replace(/[^a-z]/g, '-')}`
  await bootstrap.start('setUserPublicKey', { OperationID: operation, UserID: user.id, PublicKey: device.publicKey })
  const waiting = ['Pending approval', 'Pending confirmation'] as const
  let status = await bootstrap.waitForOperation(operation, { until: waiting })
  for (const approver of people) {
    if (status.Status === 'Succeeded' || approver.user === user) continue
    const pending = (await approver.client.call('cwplistPendingApprovals')) ?? []
    const intent = pending.find(item => item.OperationID === operation)?.Intent
    if (intent === undefined) continue
    await approver.client.call('cwpapproveOperation', {
      body: { OperationID: operation, IntentSignature: approver.device.sign(Buffer.from(intent, 'base64')) },
    })
    status = await bootstrap.waitForOperation(operation, { until: waiting })
  }
  if (status.Status !== 'Succeeded') status = await bootstrap.waitForOperation(operation)
  if (status.Status !== 'Succeeded') {
    throw new LocalError(
      'start-failed',
      `the device of ${user.id} could not be paired: ${JSON.stringify(status.ErrorDetails)}`,
    )
  }
}

/** A real transfer from the dev chain's first account, which everybody owns. */
async function fund(evmPort: number, address: string): Promise<void> {
  if (BigInt(String(await rpc(evmPort, 'eth_getBalance', [address, 'latest']))) > 0n) return
  const [from] = (await rpc(evmPort, 'eth_accounts')) as string[]
  await rpc(evmPort, 'eth_sendTransaction', [{ from, to: address, value: `0x${SAMPLE_FUNDS.toString(16)}` }])
}

/** An access token for a sample user, through the local provider's password grant. */
export async function signIn(oidc: string, user: Pick<SampleUser, 'id' | 'password'>): Promise<string> {
  const response = await fetch(`${oidc}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: PASSWORD_GRANT,
      client_id: 'trivault-cli',
      username: user.id,
      password: user.password,
    }),
    signal: AbortSignal.timeout(10_000),
  })
  const { access_token: token } = (await response.json()) as { access_token?: string }
  if (!token) throw new LocalError('start-failed', `${user.id} cannot sign in at ${oidc}`)
  return token
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
