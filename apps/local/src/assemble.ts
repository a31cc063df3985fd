import { ensurePki } from '@trivault/bus'
import { DEV_CHAIN_ID, startAnvil } from './anvil.ts'
import { startDatabase, useForeignDatabase } from './database.ts'
import { type Endpoints, readEndpoints, writeEndpoints } from './endpoints.ts'
import { LocalError } from './errors.ts'
import { readIfThere } from './files.ts'
import type { Home } from './home.ts'
import * as layout from './layout.ts'
import { startNats, writeNatsConfig } from './nats.ts'
import { NODES, nodeName } from './nodes.ts'
import type { VaultOptions } from './options.ts'
import { claimPorts } from './ports.ts'
import { startOwn } from './processes.ts'
import { provision } from './provision.ts'
import { deviceKeyFile, foundingOf, hasSample, type SampleSite } from './sample.ts'
import { sampleUsers } from './sample-users.ts'
import { openLocalKms } from './services/kms-store.ts'
import { signingKeys } from './services/oidc.ts'
import { type Service, Supervisor } from './supervisor.ts'

export type Assembly = {
  readonly supervisor: Supervisor
  /** As of now. */
  readonly endpoints: () => Endpoints
  readonly sampleSite: () => SampleSite
  /** Where the supervisor's own metrics are served. */
  readonly metricsPort: number
}

/** Lays out the home (ports, certificates, keys, config files) and lists the services of a vault. Starts nothing. */
export async function assemble(home: Home, options: VaultOptions, say: (line: string) => void): Promise<Assembly> {
  const ports = await claimPorts(home, layout.PORT_NAMES)
  const before = readEndpoints(home)
  const idp = layout.servicesConfig(home, ports)
  const users = await sampleUsers(before.users ?? [], idp.usersFile)
  const pki = await ensurePki({
    dir: home.path('bus'),
    parties: [...NODES.map(nodeName), 'wallet'],
    now: Date.now(),
  })
  const natsPort = options.natsUrl === undefined ? ports.nats : portOf(options.natsUrl)
  writeNatsConfig(home, natsPort, pki)
  const bus = { url: options.natsUrl ?? `tls://127.0.0.1:${ports.nats}`, clients: pki.clients }
  const servicesConfig = layout.writeServicesConfig(home, ports)

  let pinned: Promise<unknown> | undefined
  const provisioned = () => {
    pinned ??= provision(
      home,
      { issuer: idp.issuer, jwks: signingKeys(idp.keyFile) },
      foundingOf(home, options.founding ?? 'open', users),
      index => (plaintext, encryptionContext) =>
        openLocalKms(idp.kmsFile, idp.kmsKeyIds).kms.encrypt({
          keyId: nodeName(index),
          plaintext,
          encryptionContext,
        }),
    )
    return pinned
  }
  const { databaseUrl } = options
  if (databaseUrl !== undefined) await useForeignDatabase(home, databaseUrl)

  const services: Service[] = [
    {
      name: 'postgres',
      stage: 0,
      meaning: 'no node and no wallet can store anything; nothing is signed',
      start: () => startDatabase(home, ports.postgres),
    },
    {
      name: 'nats',
      stage: 0,
      meaning: 'the processes cannot talk to each other; nothing is signed',
      start: () => startNats(home, ports.nats),
    },
    {
      name: 'anvil',
      stage: 0,
      meaning: 'the dev chain is away; signed transactions wait for it',
      start: () => startAnvil(home, ports.anvil),
    },
    {
      name: 'services',
      stage: 0,
      meaning: 'nobody can sign in, and a node that restarts gets no secret',
      start: () => startOwn(home, 'services', layout.MAINS.services, servicesConfig),
    },
    ...NODES.map(index => ({
      name: nodeName(index),
      stage: 1,
      meaning: 'nothing is voted or signed without it',
      start: async () => {
        await provisioned()
        const config = layout.writeNodeConfig(home, index, ports, bus)
        // Frames of signing sessions pass through a host: with 4 MiB a third of its time went into collecting them.
        return startOwn(home, nodeName(index), layout.MAINS.node, config)
      },
    })),
    {
      name: 'wallet',
      stage: 2,
      meaning: 'the API is away; what it acknowledged is kept',
      start: () => startOwn(home, 'wallet', layout.MAINS.wallet, layout.writeWalletConfig(home, ports, bus)),
    },
  ]
  const wanted = services.filter(
    ({ name }) =>
      (options.services?.includes(name) ?? true) &&
      !(name === 'postgres' && databaseUrl !== undefined) &&
      !(name === 'nats' && options.natsUrl !== undefined),
  )
  const supervisor = new Supervisor(wanted, say)

  const endpoints = (): Endpoints => {
    const status = new Map(supervisor.status().map(service => [service.name, service]))
    const loopback = (service: string, port: number) => (status.has(service) ? `http://127.0.0.1:${port}` : null)
    return {
      api: loopback('wallet', ports.api),
      console: options.frontends ? loopback('services', ports.console) : null,
      approver: options.frontends ? loopback('services', ports.approver) : null,
      oidc: idp.issuer,
      nats: bus.url,
      evmRpc: loopback('anvil', ports.anvil),
      chainId: DEV_CHAIN_ID,
      bootstrapApiKey:
        readIfThere(layout.bootstrapKeyFile(home))?.trim() ?? readEndpoints(home).bootstrapApiKey ?? null,
      adminApiKey: readEndpoints(home).adminApiKey ?? null,
      users: users.map(user => ({ ...user, deviceKeyFile: hasSample(home) ? deviceKeyFile(home, user.id) : null })),
      nodes: NODES.map(index => {
        const { pid, ready } = status.get(nodeName(index)) ?? {}
        return {
          index,
          pid: pid ?? null,
          identityKey: typeof ready?.identityKey === 'string' ? ready.identityKey : null,
        }
      }),
    }
  }
  const sampleSite = (): SampleSite => ({
    home,
    api: `http://127.0.0.1:${ports.api}`,
    oidc: idp.issuer,
    evmPort: ports.anvil,
    bootstrapApiKey: endpoints().bootstrapApiKey ?? '',
    adminApiKey: endpoints().adminApiKey,
    users,
    keepAdminKey: adminApiKey => writeEndpoints(home, { ...endpoints(), adminApiKey }),
  })
  return { supervisor, endpoints, sampleSite, metricsPort: ports.metricsSupervisor }
}

function portOf(natsUrl: string): number {
  const port = URL.parse(natsUrl)?.port
  if (!/^tls:\/\//.test(natsUrl) || !port)
    throw new LocalError('bad-configuration', 'NATS_URL must be tls://127.0.0.1:<port>')
  return Number(port)
}
