import { readIfThere, writePrivateJson } from './files.ts'
import type { Home } from './home.ts'

/** The content of endpoints.json: where the vault answers, and its sample sign-ins. What does not exist is null. */
export type Endpoints = {
  readonly api: string | null
  readonly console: string | null
  readonly approver: string | null
  readonly oidc: string | null
  readonly nats: string | null
  readonly evmRpc: string | null
  readonly chainId: number | null
  readonly bootstrapApiKey: string | null
  readonly adminApiKey: string | null
  readonly users: readonly SampleUser[]
  readonly nodes: readonly {
    readonly index: number
    readonly pid: number | null
    readonly identityKey: string | null
  }[]
}

export type SampleUser = {
  readonly id: string
  readonly name: string
  readonly password: string
  /** PEM file (PKCS #8) of the P-256 device key that is paired for this user. */
  readonly deviceKeyFile: string | null
}

const fileOf = (home: Home) => home.path('endpoints.json')

/** What the last start wrote: the only copy of the sample passwords and API keys. */
export function readEndpoints(home: Home): Partial<Endpoints> {
  try {
    return JSON.parse(readIfThere(fileOf(home)) ?? '{}') as Partial<Endpoints>
  } catch {
    return {}
  }
}

export function writeEndpoints(home: Home, endpoints: Endpoints): void {
  writePrivateJson(fileOf(home), endpoints)
}
