import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createProbe } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createSoftwareAttestation, createSoftwareKms, createSoftwareRoot } from '@trivault/attestation'
import { ensurePki, serverConfig } from '@trivault/bus'
import { fromHex } from '@trivault/codec'
import {
  type AdminFiles,
  giveOrder,
  type HostConfig,
  type NodeCard,
  provisionNode,
  softwareServices,
} from '@trivault/node-host'
import { type Genesis, genesisJson } from '@trivault/protocol'
import { ensureDatabase, startPostgres } from '@trivault/storage'

const random = (length: number) => new Uint8Array(randomBytes(length))
const names = ['node0', 'node1', 'node2'] as const
type Index = 0 | 1 | 2
const hostMain = fileURLToPath(new URL('../src/host.ts', import.meta.url))

export type Line = Record<string, unknown>

/** A host process under test. */
export interface Running {
  readonly child: ChildProcess
  readonly lines: Line[]
  readonly errors: string[]
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** The first line that fits; fails when the process ends before it. */
  until(fits: (line: Line) => boolean): Promise<Line>
  ready(): Promise<Line>
  corePid(): number
}

/** What three nodes need around them: PostgreSQL, the broker, KMS and attestation, secrets and pins. */
export async function startSurroundings() {
  const dir = mkdtempSync(join(tmpdir(), 'trivault-node-'))
  const at = (...path: string[]) => join(dir, ...path)
  const postgres = await startPostgres({ dir: at('pg') })
  const pki = await ensurePki({ dir: at('pki'), parties: [...names, 'wallet'], now: Date.now() })
  const port = await freePort()
  writeFileSync(
    at('nats.conf'),
    serverConfig({ host: '127.0.0.1', port, server: pki.server, parties: [...names, 'wallet'] }),
  )
  const nats = spawn('nats-server', ['-c', at('nats.conf')], { stdio: 'ignore' })
  const services = await startServices()

  const deploymentId = 'test'
  const cards: NodeCard[] = []
  for (const index of [0, 1, 2] as Index[]) {
    mkdirSync(at(names[index]), { mode: 0o700 })
    cards.push(await provisionNode({ ...provisioning(index), encrypt: services.encryptFor(names[index]) }))
  }
  function provisioning(index: Index) {
    return {
      index,
      deploymentId,
      secret: at(names[index], 'secret.sealed'),
      anchor: at(names[index], 'anchor'),
      adminKey: at(names[index], 'admin-key.pem'),
    }
  }

  const ers = generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey
  writeFileSync(at('ers.pem'), ers.export({ type: 'spki', format: 'pem' }))
  const genesis: Genesis = {
    version: 1,
    deploymentId,
    identityKeys: cards.map(card => fromHex(card.identityKey)),
    ersFingerprint: new Uint8Array(
      createHash('sha256')
        .update(ers.export({ type: 'spki', format: 'der' }))
        .digest(),
    ),
    foundingMode: 'open',
    founders: [],
    foundersRequired: 0,
    founderKeys: [],
    issuer: 'http://127.0.0.1:1',
    approverClientId: 'approver',
    jwksThumbprints: [],
    claims: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
    profile: 'local',
    rulesVersion: 1,
  }
  writeFileSync(at('pins.json'), genesisJson.write(genesis))
  const adminFiles = (index: Index): AdminFiles => ({
    ...{ index, pins: at('pins.json'), statements: at(names[index], 'statements.json') },
    adminKey: provisioning(index).adminKey,
  })
  for (const index of [0, 1, 2] as Index[]) await giveOrder(adminFiles(index), { type: 'pins' })

  const configOf = async (index: Index): Promise<HostConfig & { anchor: string }> => {
    const name = names[index]
    const urlFile = at(name, 'database-url')
    writeFileSync(urlFile, await ensureDatabase(postgres.adminUrl, { name, password: `${name}-0123456789abcdef` }))
    const credentials = pki.clients[name]
    if (credentials === undefined) throw new Error(`no credentials of ${name}`)
    const { secret, anchor } = provisioning(index)
    return {
      ...{
        index,
        home: at(name),
        pins: at('pins.json'),
        statements: adminFiles(index).statements,
        secret,
        anchor,
        ersPublicKey: at('ers.pem'),
      },
      database: { urlFile },
      bus: { url: `tls://127.0.0.1:${port}`, ...credentials },
      kms: { url: `${services.url}/kms`, keyId: name },
      attestation: { url: `${services.url}/attestation` },
      metrics: { host: '127.0.0.1', port: await freePort() },
    }
  }

  const started: Running[] = []
  let configs = 0
  const start = (config: object): Running => {
    configs += 1
    const file = at(`config-${configs}.json`)
    writeFileSync(file, JSON.stringify(config))
    const running = run(['--config', file])
    started.push(running)
    return running
  }
  return {
    ...{ dir, at, genesis, cards, services, configOf, start, provisioning, adminFiles },
    async stop() {
      for (const { child } of started) child.kill('SIGKILL')
      await Promise.all(started.map(({ exited }) => exited))
      nats.kill('SIGKILL')
      services.server.close()
      await postgres.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
export type Surroundings = Awaited<ReturnType<typeof startSurroundings>>

/** Runs the host's main. */
export function run(args: string[]): Running {
  const child = spawn(process.execPath, [hostMain, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  const lines: Line[] = []
  const errors: string[] = []
  let ended = false
  createInterface({ input: child.stdout }).on('line', line => lines.push(JSON.parse(line) as Line))
  createInterface({ input: child.stderr }).on('line', line => errors.push(line))
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve =>
    child.once('close', (code, signal) => {
      ended = true
      resolve({ code, signal })
    }),
  )
  const until = async (fits: (line: Line) => boolean): Promise<Line> => {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(5)) {
      const line = lines.find(fits)
      if (line !== undefined) return line
      if (ended) break
    }
    throw new Error(`the line did not come; ${JSON.stringify(lines)} ${errors.join('\n')}`)
  }
  const corePid = () => {
    const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim())
    if (!Number.isInteger(pid) || pid <= 0) throw new Error('no core')
    return pid
  }
  return { child, lines, errors, exited, until, corePid, ready: () => until(line => line.event === 'ready') }
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

/** KMS and attestation; `measure` replaces what the authority measures for a module. */
async function startServices() {
  const clock = Date.now
  const root = createSoftwareRoot({ time: clock(), random })
  const { certificate: rootCert, key: rootKey } = root
  const expected = new Map(names.map(name => [name as string, new Map([[0, random(48)]])]))
  const measured = new Map(expected)
  const keys = new Map([...expected].map(([name, pcrs]) => [name, { material: random(32), pcrs }]))
  const kms = createSoftwareKms({ keys, attestationRoot: rootCert, clock, random })
  const authority = createSoftwareAttestation({ rootKey, rootCert, clock, random })
  const handler = softwareServices({
    kms,
    attestation: module => {
      const pcrs = measured.get(module)
      return pcrs && authority.portFor(pcrs)
    },
  })
  const server: Server = createServer(handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return {
    server,
    url: `http://127.0.0.1:${address.port}`,
    measured,
    expected,
    encryptFor:
      (keyId: string) =>
      (plaintext: Uint8Array, encryptionContext: Readonly<Record<string, string>>): Promise<Uint8Array> =>
        kms.encrypt({ keyId, plaintext, encryptionContext }),
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createProbe().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
