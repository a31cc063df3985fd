import { randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSoftwareAttestation } from '@trivault/attestation'
import { type AwsDouble, startAwsDouble } from '@trivault/aws-double'
import { softwareServices } from '@trivault/node-host'
import { Registry } from '../src/delivery/registry.ts'
import { folderStore } from '../src/delivery/store.ts'
import { uploadSteps } from '../src/delivery/upload.ts'
import type { Deployment, PcrSet } from '../src/model.ts'
import { anchorHost, brokerHost } from '../src/names.ts'
import { rolesOf } from '../src/roles.ts'
import { adminPolicy } from '../src/separation/admin-policy.ts'
import { newKey } from '../test/delivery/keys.ts'
import { publishInto } from '../test/delivery/publisher.ts'
import { startRegistry } from '../test/delivery/registry.ts'
import { hostPrograms, machinePrograms } from './bin.ts'
import { issueServerCertificate } from './certificates.ts'
import { startDatabase } from './database.ts'
import { type IdentityProvider, startIdentityProvider } from './identity.ts'
import { startLoadBalancer } from './load-balancer.ts'
import { Machines } from './machines.ts'
import { Person } from './people.ts'

const actors = ['A', 'B', 'C', 'D']

/** Everything around the people of one installation: AWS, the publisher, the identity provider, the machines. */
export interface World {
  readonly dir: string
  readonly aws: AwsDouble
  readonly deployment: Deployment
  readonly people: readonly Person[]
  readonly identity: IdentityProvider
  readonly machines: Machines
  /** Values of the guide's placeholders. */
  readonly values: Readonly<Record<string, string>>
  /** Environment of whoever reaches the vault over the network. */
  readonly network: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Starts it all. `deployment` as the fixture's customer-config.yml describes it. */
export async function startWorld(deployment: Deployment, variables: Readonly<Record<string, string>>): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'trivault-guide-'))
  const closers: (() => Promise<unknown>)[] = []
  const within = (name: string): string => {
    mkdirSync(join(dir, name), { mode: 0o700 })
    return join(dir, name)
  }
  try {
    const database = await startDatabase(within('rds'))
    closers.push(() => database.stop())
    const identity = await startIdentityProvider(
      within('idp'),
      deployment.adminUsers.map(({ email }) => email),
    )
    closers.push(() => identity.stop())
    const [walletPort, brokerPort] = [await freePort(), await freePort()]
    const certificate = issueServerCertificate(within('acm'), [deployment.hosts.api])
    const balancer = await startLoadBalancer(certificate, walletPort)
    closers.push(() => balancer.stop())
    const delivery = await startDelivery(within('delivery'), variables)
    closers.push(() => delivery.stop())

    let aws: AwsDouble | undefined
    const security = await startSecurityModule(() => aws, delivery.pcrs)
    closers.push(() => security.stop())
    const table = join(dir, 'network.json')
    const nodeOptions = `--import ${new URL(`names.mjs?table=${table}`, import.meta.url)}`
    const network = { NODE_OPTIONS: nodeOptions, NODE_EXTRA_CA_CERTS: certificate.ca }
    const machines = new Machines({
      dir,
      bin: machinePrograms(within('machine-bin'), findNats(), brokerPort),
      nodeOptions,
      database: { ...database, ca: database.certificate.ca },
      attestationUrl: () => security.url,
    })
    closers.push(() => machines.stop())
    const accounts = [
      ...new Set([deployment.accounts.wallet, ...deployment.accounts.policyNodes, deployment.accounts.approverApp]),
    ]
    const { zones } = deployment
    aws = await startAwsDouble({
      region: deployment.region,
      hooks: machines.hooks,
      accounts: accounts.map(id => ({
        id,
        // As narrow as `admin-policy` makes them: a step that needs more fails.
        users: {
          admin: rolesOf(deployment, id).map(role => adminPolicy(deployment, role, delivery.source)),
          // Whom even full power over the account must not help.
          administrator: 'administrator',
        },
        zones: [
          ...(id === deployment.accounts.wallet ? [zones.wallet] : []),
          ...(id === deployment.accounts.approverApp ? [zones.approverApp] : []),
        ],
      })),
    })
    const double = aws
    closers.push(() => double.stop())
    const secure = await double.secure()
    const names = {
      [`${deployment.hosts.api}:443`]: `127.0.0.1:${balancer.port}`,
      [`${brokerHost(deployment)}:4222`]: `127.0.0.1:${brokerPort}`,
      [`${anchorHost(deployment)}:443`]: `127.0.0.1:${secure.port}`,
    }
    writeFileSync(table, JSON.stringify({ names, listen: { 8080: walletPort, 9464: 0 } }))
    const authority = join(dir, 'aws-authority.pem')
    writeFileSync(authority, new X509Certificate(secure.authority).toString())
    const bin = hostPrograms(within('host-bin'))
    const people = accounts.map((account, i) => {
      const { AWS_REGION: _, AWS_DEFAULT_REGION: __, ...credentials } = double.environmentFor(account, 'admin')
      return new Person({
        ...{ name: `actor-${actors[i]}`, account, roles: rolesOf(deployment, account), dir },
        environment: {
          ...{ PATH: `${bin}:${process.env.PATH}`, HOME: dir, DEPLOYER: 'local', CDK_DISABLE_CLI_TELEMETRY: 'true' },
          TRIVAULT_ANCHOR_AUTHORITY: authority,
          ...credentials,
          ...network,
        },
      })
    })
    const values = {
      ...delivery.values,
      'aws-region': deployment.region,
      namespace: deployment.namespace,
      'environment-name': deployment.environment,
      'wallet-api-url': `https://${deployment.hosts.api}`,
      'database-identifier': `${deployment.namespace}-${deployment.environment}-database`,
    }
    return { dir, aws: double, deployment, people, identity, machines, values, network, stop: () => stopAll(closers) }
  } catch (error) {
    await stopAll(closers)
    throw error
  }
}

async function stopAll(closers: (() => Promise<unknown>)[]): Promise<void> {
  for (const close of closers.reverse()) await close().catch(() => undefined)
}

/** A small release of the publisher's, in a folder and a registry. */
async function startDelivery(dir: string, variables: Readonly<Record<string, string>>) {
  const [release = '', deployerVersion = '', enclaveTag = ''] = [
    'CUSTOMER_SHARED_SEGMENT',
    'DEPLOYER_VERSION',
    'MPA_IMAGE_TAG',
  ].map(name => variables[name])
  const key = newKey()
  const registry = await startRegistry()
  const [made, bucket] = [join(dir, 'made'), join(dir, 'bucket')]
  publishInto(made, key, { release, deployerVersion, enclaveTag })
  mkdirSync(bucket)
  for (const step of uploadSteps(made, new Registry({ url: registry.url }), folderStore(bucket)))
    await step.run(() => {})
  return {
    pcrs: JSON.parse(readFileSync(join(bucket, 'enclave', enclaveTag, 'pcr.json'), 'utf8')) as PcrSet,
    source: { bucket, registry: registry.url },
    values: {
      'wallet-release-tag': release,
      'deployer-version': deployerVersion,
      'policy-node-enclave-tag': enclaveTag,
      'delivery-bucket': bucket,
      'delivery-registry': registry.url,
      'signing-key-fingerprint': key.fingerprint,
    },
    stop: () => registry.stop(),
  }
}

/** Stands for the enclaves' security modules: documents of the delivered image's measurements, under the root that the double's KMS trusts. */
async function startSecurityModule(aws: () => AwsDouble | undefined, pcrs: PcrSet) {
  const registers = new Map(
    [pcrs.PCR0, pcrs.PCR1, pcrs.PCR2].map((hex, i) => [i, new Uint8Array(Buffer.from(hex, 'hex'))]),
  )
  const refuse = async (): Promise<never> => Promise.reject(new Error('KMS is in AWS'))
  const server: Server = createServer(
    softwareServices({
      kms: { decrypt: refuse },
      attestation: () => {
        const root = aws()?.attestation
        if (root === undefined) return undefined
        const random = (length: number) => new Uint8Array(randomBytes(length))
        return createSoftwareAttestation({
          rootKey: root.key,
          rootCert: root.certificate,
          clock: Date.now,
          random,
        }).portFor(registers)
      },
    }),
  )
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/attestation`,
    stop: () =>
      new Promise<void>(done => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

function findNats(): string {
  const dirs = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  const found = dirs.map(dir => join(dir, 'nats-server')).find(path => existsSync(path))
  if (found === undefined) throw new Error('nats-server is missing: apt-get install -y nats-server')
  return found
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>(ready => probe.listen(0, '127.0.0.1', ready))
  const { port } = probe.address() as AddressInfo
  await new Promise(done => probe.close(done))
  return port
}
