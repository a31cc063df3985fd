import { knownChain } from '@trivault/chains'
import { type Deployment, NODE_INDEXES } from '../model.ts'
import type { ConfigRule } from './problem.ts'

/** The part of a deployment that bd-wallet.yml holds; the rest are Makefile variables. */
export type Environment = Omit<Deployment, 'release' | 'delivery'>

export interface RuleProblem {
  readonly rule: ConfigRule
  /** In bd-wallet.yml. */
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly remedy: string
}

/** What no schema can say: fields that contradict each other. In the order of the file. */
export function ruleProblems(environment: Environment): RuleProblem[] {
  return [
    ...testnet(environment),
    ...zones(environment),
    ...hosts(environment),
    ...people(environment),
    ...founding(environment),
    ...founderKeys(environment),
    ...chains(environment),
    ...network(environment),
    ...nitro(environment),
    ...tags(environment),
  ]
}

function* testnet({ environment, testnet }: Environment): Iterable<RuleProblem> {
  if (environment === 'testnet' && !testnet)
    yield {
      rule: 'testnet',
      path: ['testnet'],
      message: 'an environment called testnet is one for test networks',
      remedy: 'leave testnet out, or choose another name for the environment, such as mainnet',
    }
}

function* zones({ zones, accounts }: Environment): Iterable<RuleProblem> {
  if (accounts.approverApp === accounts.wallet) return
  if (zones.approverApp.id === zones.wallet.id)
    yield {
      rule: 'zone',
      path: ['zones', 'approverApp', 'id'],
      message: 'one hosted zone cannot be in two accounts',
      remedy: `name a zone of account ${accounts.approverApp}`,
    }
  if (isWithin(zones.approverApp.name, zones.wallet.name))
    yield {
      rule: 'zone',
      path: ['zones', 'approverApp', 'name'],
      message: `lies within ${zones.wallet.name}: whoever runs the wallet could answer for the Approver App`,
      remedy: 'give the Approver App a zone of its own that the infrastructure admin does not control',
    }
}

const isWithin = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`)

function* hosts({ hosts, zones }: Environment): Iterable<RuleProblem> {
  const places = [
    ['api', zones.wallet],
    ['console', zones.wallet],
    ['approverApp', zones.approverApp],
  ] as const
  for (const [name, zone] of places)
    if (!hosts[name].endsWith(`.${zone.name}`))
      yield {
        rule: 'host',
        path: ['hosts', name],
        message: `${hosts[name]} is not in the hosted zone ${zone.name}`,
        remedy: `end it with .${zone.name}, or leave it out`,
      }
  for (const name of ['api', 'console', 'approverApp'] as const)
    if (hosts[name].length > 64)
      yield {
        rule: 'host',
        path: ['hosts', name],
        message: `${hosts[name]} has ${hosts[name].length} characters, a certificate takes 64`,
        remedy: 'choose a shorter host name, environment or zone',
      }
  if (new Set(Object.values(hosts)).size < 3)
    yield {
      rule: 'host',
      path: ['hosts'],
      message: 'API, Vault UI and Approver App need host names of their own',
      remedy: 'leave hosts out for the usual names',
    }
}

function* people({ adminUsers }: Environment): Iterable<RuleProblem> {
  const seen = new Set<string>()
  for (const [index, { email }] of adminUsers.entries()) {
    if (seen.has(email.toLowerCase()))
      yield {
        rule: 'person',
        path: ['adminUsers', index, 'email'],
        message: `${email} is there twice`,
        remedy: 'keep one of the two',
      }
    seen.add(email.toLowerCase())
  }
}

function* founding({ founding: { founders, approvalsRequired }, adminUsers }: Environment): Iterable<RuleProblem> {
  if (
    founders.length !== adminUsers.length ||
    adminUsers.some(({ email }, index) => !same(email, founders[index] ?? ''))
  )
    yield {
      rule: 'founding',
      path: ['founding', 'founders'],
      message: 'the founders must be the admin users, in the same order',
      remedy: 'change adminUsers in customer-config.yml and run `make generate-customer-assets`',
    }
  if (approvalsRequired > founders.length)
    yield {
      rule: 'founding',
      path: ['founding', 'approvalsRequired'],
      message: `${approvalsRequired} approvals of ${founders.length} founders can never be had`,
      remedy: `choose 1 to ${founders.length}, or name more admin users`,
    }
}

/** In mode `pinned` each founder has a key of their own, which nobody but the node admins names; in mode `identity` none is pinned. */
function* founderKeys({ founding: { mode }, adminUsers }: Environment): Iterable<RuleProblem> {
  const seen = new Map<string, string>()
  for (const [index, { email, keyFingerprint }] of adminUsers.entries()) {
    const path = ['adminUsers', index, 'keyFingerprint']
    if (mode === 'pinned' && keyFingerprint === undefined)
      yield {
        rule: 'founding',
        path,
        message: `is missing: in founding mode pinned the nodes take no other key of ${email}`,
        remedy: '`trivault approver init` prints it to the founder; or choose mode: identity',
      }
    if (keyFingerprint === undefined) continue
    const other = seen.get(keyFingerprint)
    if (mode === 'identity')
      yield {
        rule: 'founding',
        path,
        message: 'a fingerprint counts in founding mode pinned only, and the mode is identity',
        remedy: 'set founding.mode: pinned, or remove the fingerprint',
      }
    else if (other !== undefined)
      yield {
        rule: 'founding',
        path,
        message: `is the key of ${other} too: one device would approve for two people`,
        remedy: 'each founder makes a key of their own with `trivault approver init`',
      }
    seen.set(keyFingerprint, email)
  }
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

function* chains({ chains, testnet }: Environment): Iterable<RuleProblem> {
  for (const [index, caip2] of chains.entries()) {
    const path = ['chains', index]
    const problem = chainProblem(caip2)
    if (problem !== undefined) yield { rule: 'chain', path, ...problem }
    else if (knownChain(caip2)?.testNetwork === !testnet)
      yield {
        rule: 'chain',
        path,
        message: `${caip2} (${knownChain(caip2)?.name}) is ${testnet ? 'a main network and this environment is a testnet' : 'a test network and this environment is none'}`,
        remedy: testnet ? 'name test networks only' : 'name main networks only, or set testnet: true',
      }
  }
}

/** Why the vault cannot have this chain; undefined when it can. Any EVM chain is possible as a custom one. */
export function chainProblem(caip2: string): { message: string; remedy: string } | undefined {
  if (knownChain(caip2) !== undefined || /^eip155:[1-9]\d{0,15}$/.test(caip2)) return undefined
  return {
    message: `${caip2} is not supported in this release`,
    remedy: 'remove it: EVM chains (eip155:<chain id>) and Solana are supported',
  }
}

function* network({ network: { cidr, availabilityZones }, region }: Environment): Iterable<RuleProblem> {
  const [address = '', bits = ''] = cidr.split('/')
  const octets = address.split('.').map(Number)
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  const [a = 0, b = 0] = octets
  const privateRange = a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)
  const size = 2 ** (32 - Number(bits))
  if (
    octets.some(octet => octet > 255) ||
    !privateRange ||
    Number(bits) < 16 ||
    Number(bits) > 20 ||
    value % size !== 0
  )
    yield {
      rule: 'network',
      path: ['network', 'cidr'],
      message: `${cidr} is no private range of size /16 to /20 that begins at its own border`,
      remedy: 'such as 10.20.0.0/16',
    }
  const foreign = availabilityZones.findIndex(zone => !zone.startsWith(region))
  if (foreign >= 0)
    yield {
      rule: 'network',
      path: ['network', 'availabilityZones', foreign],
      message: `${availabilityZones[foreign]} is not in ${region}`,
      remedy: `such as ${region}a`,
    }
  else if (availabilityZones[0] === availabilityZones[1])
    yield {
      rule: 'network',
      path: ['network', 'availabilityZones', 1],
      message: 'both zones are the same',
      remedy: 'name two different zones, or a failure of the one stops everything',
    }
}

/** GiB for each vCPU of the instance families that are named after it. */
const memoryOfFamily: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8 }
/** What the host itself needs. */
const HOST_CPUS = 2
const HOST_MEMORY_MIB = 2048

function* nitro({ nitro: { instanceType, enclaveCpus, enclaveMemoryMiB } }: Environment): Iterable<RuleProblem> {
  const [family = '', size = ''] = instanceType.split('.')
  const [, times] = /^(\d*)xlarge$/.exec(size) ?? []
  const arm = /^[a-z]+\d+g/.test(family)
  if (/^t\d/.test(family) || arm || times === undefined)
    return yield {
      rule: 'form',
      path: ['nitro', 'instanceType'],
      message: `${instanceType} cannot run the enclave`,
      remedy: 'choose an x86 type with at least 4 vCPUs that is not burstable, such as c6a.xlarge',
    }
  const cpus = 4 * Number(times || '1')
  if (enclaveCpus % 2 === 1 || enclaveCpus > cpus - HOST_CPUS)
    yield {
      rule: 'form',
      path: ['nitro', 'enclaveCpus'],
      message: `an enclave gets whole cores, two vCPUs each, and leaves one core of ${instanceType} (${cpus} vCPUs) to the host`,
      remedy: `choose an even number from 2 to ${cpus - HOST_CPUS}, or a larger instanceType`,
    }
  const memory = (memoryOfFamily[family.charAt(0)] ?? Number.POSITIVE_INFINITY) * cpus * 1024
  if (enclaveMemoryMiB > memory - HOST_MEMORY_MIB)
    yield {
      rule: 'form',
      path: ['nitro', 'enclaveMemoryMiB'],
      message: `${instanceType} has ${memory} MiB, of which the host needs ${HOST_MEMORY_MIB}`,
      remedy: `choose at most ${memory - HOST_MEMORY_MIB}, or a larger instanceType`,
    }
}

const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

function* tags({ tags }: Environment): Iterable<RuleProblem> {
  for (const [key, value] of Object.entries(tags)) {
    const problem =
      key.length === 0 || key.length > 128
        ? ['a tag key has 1 to 128 characters', 'shorten it']
        : /^aws:/i.test(key)
          ? ['tag keys that begin with aws: belong to AWS', 'choose another key']
          : /^trivault:/i.test(key)
            ? ['tag keys that begin with trivault: are set by the deployer', 'choose another key']
            : !tagText.test(key) || !tagText.test(value)
              ? ['a tag has letters, digits, spaces and _ . : / = + - @ only', 'replace the other characters']
              : undefined
    if (problem !== undefined)
      yield { rule: 'tag', path: ['tags', key], message: problem[0] ?? '', remedy: problem[1] ?? '' }
  }
}

/** Whether no account holds two key shares. */
export const separated = ({ accounts }: Pick<Deployment, 'accounts'>): boolean =>
  new Set(accounts.policyNodes).size === NODE_INDEXES.length
