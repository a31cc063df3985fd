import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CwpErrorSchema,
  compileValidator,
  errorFamily,
  type OperationId,
  ProblemDetailsSchema,
  type ResponseOf,
  type Route,
  routes,
} from '@trivault/api-contract'
import { type CallInput, type Client, createClient, DeviceKey } from '@trivault/client'
import type { FoundingMode } from '@trivault/protocol'
import { expect } from 'vitest'
import { DevChain } from '../../apps/local/src/demo/chain.ts'
import { signIn } from '../../apps/local/src/sample.ts'
import { startVault, type Vault } from '../../apps/local/src/vault.ts'

export const DEV = 'eip155:31337'
export const ETHER = `${DEV}/slip44:60`
export const RECIPIENT = '0x00000000000000000000000000000000000000AA'
export const OWNERS = ['alice@example.com', 'bob@example.com'] as const

/** One answer of the API, as it came over the wire. */
export type Answer = { readonly status: number; readonly body: unknown; readonly text: string }
export type Seen = Answer & { readonly operationId: string }

type Parts = {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

const responseChecks = new Map(
  Object.entries<Route>(routes).map(([id, route]) => [id, route.response && compileValidator(route.response)] as const),
)
const checkCwpError = compileValidator(CwpErrorSchema)
const checkProblem = compileValidator(ProblemDetailsSchema)
const innards = /\bat .*[:(]\d+|node_modules|\/src\/|Error:|undefined|\[object |SQL|select .* from/i

/** One caller of the API. Everything that comes back is checked against the contract and kept. */
export class Api {
  readonly url: string
  readonly #credential: string | undefined
  readonly seen: Seen[]

  constructor(url: string, credential: string | undefined, seen: Seen[]) {
    this.url = url
    this.#credential = credential
    this.seen = seen
  }

  /** A request as bytes, whatever they are. */
  async raw(operationId: string, method: string, path: string, body?: string | Uint8Array, type = 'application/json') {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.#credential !== undefined && { authorization: this.#credential }),
        ...(body !== undefined && { 'content-type': type }),
      },
      ...(body !== undefined && { body: body as string }),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await response.text()
    let parsed: unknown
    try {
      parsed = text === '' ? undefined : JSON.parse(text)
    } catch {
      parsed = text
    }
    const answer = { operationId, status: response.status, body: parsed, text }
    this.seen.push(answer)
    if (response.status >= 400) expectErrorShape(path, answer)
    return answer
  }

  async send(operationId: OperationId, { params = {}, query = {}, body }: Parts = {}): Promise<Answer> {
    const route: Route = routes[operationId]
    const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString()
    const text = route.body ? JSON.stringify(body ?? {}) : undefined
    return this.raw(operationId, route.method, search === '' ? path : `${path}?${search}`, text)
  }

  /** A call that succeeds with an answer of the documented form. */
  async ok<K extends OperationId>(operationId: K, input?: CallInput<K>): Promise<ResponseOf<K>> {
    const answer = await this.send(operationId, input as Parts)
    expect([answer.status, answer.status >= 400 ? answer.body : '']).toEqual([routes[operationId].status, ''])
    const check = responseChecks.get(operationId)
    if (check === undefined) expect(answer.text).toBe('')
    else expect(check(answer.body), `${operationId} answered ${answer.text.slice(0, 500)}`).toEqual([])
    return answer.body as ResponseOf<K>
  }

  /** A call that is refused with this status; returns its message and M-code. */
  async refused<K extends OperationId>(operationId: K, status: number, input: Parts = {}) {
    const answer = await this.send(operationId, input)
    expect([answer.status, answer.text]).toEqual([status, answer.text])
    return errorOf(answer)
  }
}

/** Message and code of an error body of either shape. */
export function errorOf({ body }: Answer): { message: string; code: string | undefined } {
  const { message, errorCode, Detail } = (body ?? {}) as Record<string, string>
  return { message: message ?? Detail ?? '', code: errorCode }
}

function expectErrorShape(path: string, answer: Answer): void {
  const { status, text, body } = answer
  const bodyless = Object.values<Route>(routes).some(route => route.emptyNotFound && path.startsWith(route.path))
  if (status === 404 && bodyless) {
    expect(text).toBe('')
    return
  }
  const check = errorFamily(path) === 'cwp' ? checkCwpError : checkProblem
  expect(check(body), `${status} ${path}: ${text.slice(0, 500)}`).toEqual([])
  const { message } = errorOf(answer)
  expect(message.length, text).toBeGreaterThan(10)
  expect(message).not.toMatch(innards)
}

/** A registered person: signs in with a token of the local provider, and approves with a device key. */
export class Person {
  readonly id: string
  readonly device: DeviceKey
  readonly api: Api

  constructor(id: string, device: DeviceKey, api: Api) {
    this.id = id
    this.device = device
    this.api = api
  }

  async bytesOf(operationId: string): Promise<Uint8Array> {
    const list = await this.api.ok('cwplistPendingApprovals')
    const item = list.find(({ OperationID }) => OperationID === operationId)
    if (item === undefined) throw new Error(`${operationId} does not wait for ${this.id}`)
    return Buffer.from(item.Intent, 'base64')
  }

  async approve(operationId: string): Promise<void> {
    const IntentSignature = this.device.sign(await this.bytesOf(operationId))
    await this.api.ok('cwpapproveOperation', { body: { OperationID: operationId, IntentSignature } })
  }
}

/** A whole vault in a home of its own. */
export class Site {
  readonly vault: Vault
  readonly home: string
  /** What the vault said of itself while it ran. */
  readonly lines: string[]
  readonly seen: Seen[] = []

  private constructor(vault: Vault, home: string, lines: string[]) {
    this.vault = vault
    this.home = home
    this.lines = lines
  }

  static async start(
    name: string,
    options: { empty?: boolean; founding?: FoundingMode; frontends?: boolean } = {},
  ): Promise<Site> {
    const home = mkdtempSync(join(tmpdir(), `trivault-${name}-`))
    const lines: string[] = []
    process.umask(0o077)
    const vault = await startVault({ home, ...options, log: line => lines.push(line) })
    return new Site(vault, home, lines)
  }

  /** Stops everything and removes the home; keeps it when TRIVAULT_KEEP is set, for whoever looks for a fault. */
  async end(): Promise<void> {
    await this.vault.stop()
    if (!process.env.TRIVAULT_KEEP) rmSync(this.home, { recursive: true, force: true })
  }

  get url(): string {
    return this.vault.endpoints.api ?? expect.fail('no API')
  }

  get chain(): DevChain {
    return new DevChain(this.vault.endpoints.evmRpc ?? expect.fail('no dev chain'))
  }

  api(credential: string | undefined): Api {
    return new Api(this.url, credential, this.seen)
  }

  get admin(): Api {
    return this.api(this.vault.endpoints.bootstrapApiKey ?? expect.fail('no bootstrap key'))
  }

  client(apiKey: string): Client {
    return createClient({ baseUrl: this.url, apiKey })
  }

  async token(id: string): Promise<string> {
    const { oidc, users } = this.vault.endpoints
    const user = users.find(one => one.id === id) ?? expect.fail(`no sample user ${id}`)
    return signIn(oidc ?? expect.fail('no identity provider'), user)
  }

  /** A person with the device key of the sample tenant, or a fresh one. */
  async person(id: string): Promise<Person> {
    const file = this.vault.endpoints.users.find(user => user.id === id)?.deviceKeyFile
    const device = file ? DeviceKey.parse(readFileSync(file, 'utf8')) : DeviceKey.generate()
    return new Person(id, device, this.api(`Bearer ${await this.token(id)}`))
  }

  /** Waits until an operation has one of these statuses. */
  async status(operationID: string, ...wanted: string[]): Promise<ResponseOf<'cwpgetOperationStatus'>> {
    const targets = wanted.length === 0 ? ['Succeeded', 'Failed'] : wanted
    for (let tries = 0; ; tries++) {
      const status = await this.admin.ok('cwpgetOperationStatus', { params: { operationID } })
      if (targets.includes(status.Status)) return status
      if (status.Status === 'Failed' || tries > 600)
        throw new Error(`${operationID} is ${status.Status}, not ${targets.join(' or ')}: ${JSON.stringify(status)}`)
      await sleep(100)
    }
  }

  async succeeded(operationID: string): Promise<ResponseOf<'cwpgetOperationStatus'>> {
    return this.status(operationID, 'Succeeded')
  }

  async failed(operationID: string): Promise<{ code: string | undefined; reason: unknown }> {
    const { ErrorDetails } = await this.status(operationID, 'Failed')
    return { code: ErrorDetails?.ErrorCode, reason: ErrorDetails?.Properties?.Reason }
  }

  /** What a refused request must leave as it was. */
  async standing(): Promise<unknown> {
    const admin = this.admin
    const { Head } = await admin.ok('trivaultLogEntries', { query: { from: 1, to: 1 } })
    const all = ['Pending initialization', 'Pending confirmation', 'Pending approval', 'Pending execution', 'Executing']
    const Statuses = [...all, 'Pending signature', 'Failed', 'Succeeded'] as never
    return {
      Head,
      users: await admin.ok('getAllUsers'),
      groups: await admin.ok('cwpgetAllGroupMembers'),
      accounts: await admin.ok('cwplistAccounts'),
      chains: await admin.ok('cwplistChains'),
      tokens: await admin.ok('cwplistTokens'),
      restrictions: await admin.ok('cwpgetTransactionRestrictions'),
      operations: await admin.ok('cwpsearchOperationInfos', { body: { Filter: { Statuses } } }),
    }
  }
}

/** Waits for something outside the API. */
export async function until(what: string, done: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await done()); await sleep(50))
    if (Date.now() > deadline) throw new Error(`still waiting: ${what}`)
}
