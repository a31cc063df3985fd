import { parseDocument, visit } from 'yaml'
import { type ConfigProblem, configError } from '../config/problem.ts'
import { readYaml } from '../config/yaml.ts'
import { DeployerError } from '../errors.ts'
import { type ErsKey, type Fault, isSafeUrl, parseErsKey, pemFault } from './checks.ts'
import {
  type Provider,
  type ProviderBlock,
  providerFacts,
  providerKeys,
  providers,
  secretFileSchema,
  secretKeys,
} from './keys.ts'

export const SECRET_FILE = 'customer-secrets.yml'

/** The checked content of customer-secrets.yml. Absent optional keys are absent here. */
export interface GivenSecrets {
  /** By key, in the form in which they are stored. */
  readonly values: ReadonlyMap<string, string>
  readonly identity: { readonly provider: Provider; readonly block: ProviderBlock }
  readonly ersKey: ErsKey
}

/** The part that every node admin has: nothing in it is secret. */
export type PublicPart = Pick<GivenSecrets, 'identity' | 'ersKey'>

type Raw = Readonly<Record<string, string | Readonly<Record<string, string>>>>

/** Reads and checks the whole file. Throws `DeployerError` bad-config, which names every line and repeats no value. */
export function readGivenSecrets(text: string): GivenSecrets {
  const file = new SecretFile(text)
  const values = new Map<string, string>()
  for (const key of secretKeys) {
    const value = file.raw[key.name]
    if (isEmpty(value)) {
      if (key.required && key.form !== 'ers-public-key')
        file.add([key.name], { message: `is empty: ${key.purpose}`, remedy: `fill in ${key.name}` })
    } else if (key.form === 'rpc-urls' && typeof value === 'object') {
      file.checkUrls(key.name, value)
      values.set(key.name, JSON.stringify(value))
    } else if (typeof value === 'string') {
      const stored = key.form === 'ers-public-key' ? undefined : file.checked(key.name, value, key.form)
      if (stored !== undefined) values.set(key.name, stored)
    }
  }
  if (!values.has('custom-chain-rpc-urls')) values.set('custom-chain-rpc-urls', '{}')
  const shared = file.publicPart()
  values.set('ers_public_key', shared.ersKey.pem)
  return { values, ...shared }
}

/** What a node admin pins: identity provider and ERS key. Throws `DeployerError` bad-config. */
export function readPublicPart(text: string): PublicPart {
  return new SecretFile(text).publicPart()
}

class SecretFile {
  readonly raw: Raw
  readonly #lineOf: (field: string[]) => number | undefined
  readonly #problems: ConfigProblem[] = []

  constructor(text: string) {
    const read = parse(text)
    this.#lineOf = field => read.lineOf(field)
    // A message about the syntax could quote the line.
    const told = read.problems.map(problem =>
      problem.rule === 'syntax' ? { ...problem, message: 'this line is not YAML' } : problem,
    )
    if (read.value === undefined) throw configError(told)
    this.raw = read.value
  }

  add(field: string[], { message, remedy, line = -1 }: Fault): void {
    const start = this.#lineOf(field)
    // Line 0 of a literal block stands below its key.
    const at = start === undefined ? {} : { line: start + line + 1 }
    this.#problems.push({ rule: 'form', file: SECRET_FILE, field: field.join('.'), message, remedy, ...at })
  }

  checked(name: string, value: string, form: 'word' | 'root-ca' | 'root-ca-key' | 'rpc-urls'): string | undefined {
    if (form === 'word') {
      if (!/\s/.test(value)) return value
      this.add([name], { message: 'has a space or line break in it', remedy: 'copy it again' })
      return undefined
    }
    const fault = pemFault(value, form === 'root-ca' ? 'CERTIFICATE' : 'PRIVATE KEY')
    if (fault === undefined) return `${value.trim()}\n`
    this.add([name], fault)
    return undefined
  }

  checkUrls(name: string, urls: Readonly<Record<string, string>>): void {
    for (const [chain, url] of Object.entries(urls)) {
      if (!/^[a-z0-9-]{3,8}:[-_a-zA-Z0-9]{1,32}$/.test(chain))
        this.add([name, chain], { message: 'is no CAIP-2 chain id', remedy: 'such as eip155:1' })
      if (!isSafeUrl(url))
        this.add([name, chain], { message: 'its value is no https URL', remedy: 'such as https://rpc.example.com/key' })
    }
  }

  /** Throws `DeployerError` with everything that was found. */
  publicPart(): PublicPart {
    const identity = this.#identity()
    const given = this.raw.ers_public_key
    const ers = typeof given === 'string' && given.trim() !== '' ? parseErsKey(given) : undefined
    if (ers !== undefined && 'fault' in ers) this.add(['ers_public_key'], ers.fault)
    const known = this.#problems.some(({ field }) => field === 'ers_public_key')
    if (ers === undefined && !known)
      this.add(['ers_public_key'], {
        message: 'is empty: the key pair of step 2 does not exist yet, or was not copied here',
        remedy: 'make the ERS key first (step 2), then give the line that it printed',
      })
    if (this.#problems.length > 0) throw configError(this.#problems)
    if (ers === undefined || 'fault' in ers || identity === undefined) throw new DeployerError('failed', '', '')
    return { identity, ersKey: ers.key }
  }

  #identity(): PublicPart['identity'] | undefined {
    const filled = providers.filter(name => !isEmpty(this.raw[name]))
    const [provider, another] = filled
    if (provider === undefined || another !== undefined) {
      const message =
        provider === undefined ? 'no identity provider is filled in' : `both ${provider} and ${another} are there`
      this.add([another ?? 'auth0'], { message, remedy: `keep exactly one of the blocks ${providers.join(', ')}` })
      return undefined
    }
    const block = this.raw[provider] as Readonly<Record<string, string>>
    for (const { name, purpose, required } of providerKeys)
      if (required && isEmpty(block[name]))
        this.add([provider, name], { message: `is empty: ${purpose}`, remedy: `fill in ${provider}.${name}` })
    if (block.ISSUER && !isSafeUrl(block.ISSUER))
      this.add([provider, 'ISSUER'], { message: 'is no https URL', remedy: 'such as https://login.example.com/' })
    if (block.CLIENT_ID_SPA && block.CLIENT_ID_SPA === block.CLIENT_ID_NATIVE)
      this.add([provider, 'CLIENT_ID_NATIVE'], {
        message: 'is the client of the Vault UI: whoever runs the wallet could fetch tokens of whoever is signed in',
        remedy: 'make a client of its own for the Approver App',
      })
    const claims = { ...providerFacts[provider].access }
    const given = Object.fromEntries(Object.entries(block).filter(([, value]) => value !== ''))
    return { provider, block: { ...claims, ...given } as ProviderBlock }
  }
}

function parse(text: string): ReturnType<typeof readYaml<Raw>> {
  const refuse = (): never => {
    // The parser's own message would repeat the value.
    throw new DeployerError(
      'bad-config',
      'a value begins with a character that means something in YAML (& * !)',
      'put values with special characters between single quotes',
      { place: { file: SECRET_FILE } },
    )
  }
  try {
    const read = readYaml<Raw>(SECRET_FILE, text, secretFileSchema)
    visit(parseDocument(text), {
      Node: (_key, node) => (('anchor' in node && node.anchor) || node.tag?.startsWith('!') ? refuse() : undefined),
      Alias: refuse,
    })
    return read
  } catch (error) {
    if (error instanceof DeployerError) throw error
    return refuse()
  }
}

const isEmpty = (value: Raw[string] | undefined): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' ? value.trim() === '' : Object.values(value).every(part => part === ''))
