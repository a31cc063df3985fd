import { toHex } from '@trivault/codec'
import {
  type Command,
  type IssuerKey,
  personalChannels,
  systemRoles,
  VaultError,
  vaultErrors,
} from '@trivault/protocol'
import {
  addressKey,
  chainOf,
  checkName,
  nextAddressIndex,
  setupComplete,
  systemUserId,
  userKey,
  userOf,
  type VaultState,
} from '@trivault/vault-state'
import type { ApiKeys } from './api-keys.ts'
import { explained } from './refusals.ts'
import { type Caller, ServiceError, type StartRequest, type WalletService } from './service.ts'
import { setupCommand } from './setup.ts'

/** How long one set-up request waits for the master keys. */
const setupPatience = 25_000

export interface TenantOptions {
  state: () => VaultState
  clock: () => number
  apiKeys: ApiKeys
  /** Would it apply? Throws `VaultError`. */
  dryRun: (command: Command) => void
  /** An immediate call: a log entry, or an error. */
  now: (command: Command) => Promise<void>
  start: (caller: Caller, request: StartRequest) => Promise<{ OperationID: string }>
}

/** The contract's immediate calls: set-up, pairing, system users, addresses. They create things without authority. */
export class Tenant {
  readonly #options: TenantOptions

  constructor(options: TenantOptions) {
    this.#options = options
  }

  get #state(): VaultState {
    return this.#options.state()
  }

  /** One-shot and resumable: the same body again waits for what is not finished. */
  async setup(body: Parameters<WalletService['setupTenant']>[1]): Promise<void> {
    await explained(async () => {
      const command = setupCommand(body)
      const earlier = this.#state.setup
      const same = earlier !== undefined && toHex(earlier.bodyHash) === toHex(command.bodyHash)
      if (earlier !== undefined && (!same || setupComplete(this.#state)))
        throw new VaultError('already-populated', 'the default tenant is already populated')
      if (earlier === undefined) await this.#options.now(command)
      const deadline = this.#options.clock() + setupPatience
      while (!setupComplete(this.#state)) {
        if (this.#options.clock() > deadline)
          throw new ServiceError(
            'unavailable',
            'the master keys are still being generated: send the same request again to wait for them',
          )
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    })
  }

  /** The contract's older way to a device key: starts `set user public key` for the user with this number. */
  async pair(caller: Caller, number: number, publicKey: string): Promise<{ ID: string }> {
    const user = this.#state.users.values().find(one => one.number === number && !one.deleted)
    if (user === undefined)
      throw new ServiceError('bad-request', `no user with id ${number}`, { errorCode: vaultErrors['unknown-user'] })
    const payload = { UserID: user.id, PublicKey: publicKey }
    const { OperationID } = await this.#options.start(caller, {
      segment: 'setUserPublicKey',
      payload,
      rawBody: JSON.stringify(payload),
    })
    return { ID: OperationID }
  }

  /** What the identity provider says of a device key. The nodes check the token; here it is only put into the log. */
  async vouch({ UserID, PublicKey, Channel, IDToken, IssuerKey, Proof }: Parameters<WalletService['vouch']>[1]) {
    const channel = personalChannels.find(one => one === Channel)
    if (channel === undefined) throw new ServiceError('bad-request', `Channel: one of ${personalChannels.join(', ')}`)
    const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
    const command: Command = {
      type: 'vouch',
      userId: UserID,
      publicKey: bytes(PublicKey),
      channel,
      idToken: IDToken,
      issuerKey: issuerKeyOf(IssuerKey),
      proof: bytes(Proof),
    }
    await this.#options.now(command)
  }

  /** A key of the API for a new system user, or for a registered person's own bot. Only its hash is kept. */
  async createSystemUser(
    caller: Caller,
    request: Parameters<WalletService['createSystemUser']>[1],
  ): Promise<{ ApiKey: string; UserID: number }> {
    const role = systemRoles.find(one => one === request.Role)
    if (role === undefined) throw new ServiceError('bad-request', `Role: one of ${systemRoles.join(', ')}`)
    const person = this.#state.users.get(userKey(request.Name))
    const isPerson = person !== undefined && person.systemRole === undefined && !person.deleted
    if (!isPerson)
      await this.#options.now({
        type: 'createSystemUser',
        by: caller.id,
        name: request.Name,
        role,
        confirmer: request.Confirmer,
      })
    const id = isPerson ? person.id : systemUserId(request.Name)
    const key = await this.#options.apiKeys.issue(id, request.Name, isPerson ? 'AutomatedApprover' : role)
    return { ApiKey: key, UserID: userOf(this.#state, id).number }
  }

  /** The user goes, and with it its API keys. Throws `ServiceError` not-found. */
  async deleteSystemUser(caller: Caller, id: number): Promise<void> {
    const user = this.#state.users
      .values()
      .find(({ number, deleted, systemRole }) => number === id && !deleted && systemRole !== undefined)
    if (user === undefined) throw new ServiceError('not-found', `no system user with id ${id}`)
    await this.#options.now({ type: 'deleteSystemUser', by: caller.id, id: user.id })
    await this.#options.apiKeys.deleteOf(user.id)
  }

  /** The address with this index, allocated if it is the next one. Throws `ServiceError` with the vault's code. */
  async address({ MasterKey, Account, CAIP2, Index = 0 }: Parameters<WalletService['address']>[1]) {
    return explained(async () => {
      const { slip44 } = chainOf(this.#state, CAIP2)
      const key = addressKey(MasterKey, Account, slip44, Index)
      if (!this.#state.addresses.has(key)) {
        const next = nextAddressIndex(this.#state, MasterKey, Account, slip44)
        const command: Command = {
          type: 'allocateAddress',
          masterKey: checkName(MasterKey, 'MasterKey'),
          account: checkName(Account, 'Account'),
          caip2: CAIP2,
          index: Index,
        }
        this.#options.dryRun(command)
        if (Index === next) await this.#options.now(command)
      }
      const found = this.#state.addresses.get(key)
      if (found === undefined) throw new VaultError('unknown-address', `no address ${Index} of account ${Account}`)
      return { Address: found.address, ...(this.#state.sealedAt === undefined && { sealed: false as const }) }
    })
  }
}

/** Throws `ServiceError` for members that do not belong together. */
function issuerKeyOf({ kty, n, x, y }: Parameters<WalletService['vouch']>[1]['IssuerKey']): IssuerKey {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
  if (kty === 'RSA' && n !== undefined && x === undefined && y === undefined) return { type: 'rsa', modulus: bytes(n) }
  if (kty === 'EC' && n === undefined && x !== undefined && y !== undefined)
    return { type: 'ec', x: bytes(x), y: bytes(y) }
  throw new ServiceError('bad-request', 'IssuerKey: give n of an RSA key, or x and y of an EC key')
}
