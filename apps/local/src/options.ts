import type { FoundingMode } from '@trivault/protocol'

export type VaultOptions = {
  /** Directory of all data; made at first. */
  readonly home: string
  /** Stop before the guide's step 16: no tenant, no accounts. */
  readonly empty?: boolean
  /** How the owners' first keys count; other than `open` it stops like `empty`, and the sample people are the founders. */
  readonly founding?: FoundingMode
  /** The web apps are built (`buildFrontends`), so that the addresses of both belong to the vault's. */
  readonly frontends?: boolean
  /** Progress and incidents, one line each. */
  readonly log?: (line: string) => void
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal
  /** Another broker (tls://host:port), running with the home's nats.conf. */
  readonly natsUrl?: string
  /** The services to start; all when absent. */
  readonly services?: readonly string[]
  /** Another PostgreSQL: URL of a role that may create roles and databases. */
  readonly databaseUrl?: string
}
