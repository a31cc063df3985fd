import { lstat, readdir, readFile, realpath } from 'node:fs/promises'
import { isBuiltin, stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import type { AppFile } from './cpio.ts'
import { runtimeFiles } from './elf.ts'
import { EifError } from './errors.ts'
import type { Architecture } from './image.ts'

/** Where the Policy Node's core and its runtime are taken from. */
export type PolicyNodeSource = {
  /** A checkout with its dependencies installed. */
  readonly root: string
  /** The Node.js program for Linux that the enclave runs. */
  readonly node: string
  readonly architecture?: Architecture
}

const CORE = 'apps/policy-node/src/core.ts'
const OWN = '@trivault/'
/** The enclave's init makes this folder the root. */
const ROOT = 'rootfs'
const HOME = `${ROOT}/app`
const PLATFORM: Readonly<Record<Architecture, string>> = { x86_64: 'linux-x64', arm64: 'linux-arm64' }
/** What Node.js loads, and what a licence asks to be passed on. */
const LOADED = /\.(js|cjs|mjs|json|node|wasm)$|^(licen[cs]e|copying|notice)/i
/** Mount points that the enclave's init expects below the new root. */
const DIRECTORIES = ['dev', 'proc', 'run', 'sys', 'tmp', 'var']

const refuse = (message: string, cause?: unknown): EifError => new EifError('collect', message, { cause })

type Package = { directory: string; own: boolean }
type Manifest = {
  exports?: string | Record<string, string>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  os?: string[]
  cpu?: string[]
}

/**
 * The application ramdisk of a Policy Node: its core with exactly the modules of ours that it imports, the npm packages
 * behind them (for one platform), the Node.js runtime with the libraries it is linked to, and what the enclave's init reads.
 * The same checkout, runtime and libraries give the same files.
 * @throws EifError `collect`
 */
export const collectPolicyNode = async (source: PolicyNodeSource): Promise<AppFile[]> => {
  const application = await collectApplication(source)
  const isNative = ({ path }: AppFile): boolean => path.endsWith('.node')
  const natives = application.filter(isNative).map(({ path }) => ({
    binary: join(source.root, relative(HOME, path)),
    path: relative(ROOT, path),
  }))
  const runtime = collectRuntime(source.node, natives)
  return [...application.filter(file => !isNative(file)), ...runtime, ...startFiles()]
}

/** Everything but runtime and start files. @throws EifError `collect` */
export const collectApplication = async ({ root, architecture = 'x86_64' }: PolicyNodeSource): Promise<AppFile[]> => {
  const paths = await new Tracer(root, PLATFORM[architecture]).trace(CORE)
  const files: AppFile[] = []
  for (const path of [...paths.files].toSorted()) {
    const contents = new Uint8Array(await readFile(join(root, path)))
    files.push({ path: `${HOME}/${path}`, mode: path.endsWith('.node') ? 0o755 : 0o644, contents })
  }
  const links = [...paths.links].map(([path, linkTo]) => ({ path: `${HOME}/${path}`, linkTo }))
  return [...files, ...links]
}

/** `cmd` and `env`, one entry a line, as the init of aws-nitro-enclaves-sdk-bootstrap (f718dea) reads them. */
const startFiles = (): AppFile[] => {
  const text = (path: string, lines: readonly string[]): AppFile => ({
    ...{ path, mode: 0o644 },
    contents: new TextEncoder().encode(lines.map(line => `${line}\n`).join('')),
  })
  return [
    // Without the flag a signal could open a debugger in the core.
    text('cmd', ['/bin/node', '--disable-sigusr1', `/${relative(ROOT, HOME)}/${CORE}`]),
    text('env', ['PATH=/bin']),
    ...DIRECTORIES.map(name => ({ path: `${ROOT}/${name}`, directory: true }) as const),
  ]
}

class Tracer {
  readonly #root: string
  readonly #platform: string
  readonly files = new Set<string>()
  /** Packages of ours, found by Node.js through node_modules: path → where the link leads. */
  readonly links = new Map<string, string>()
  readonly #seen = new Set<string>()

  constructor(root: string, platform: string) {
    this.#root = root
    this.#platform = platform
  }

  async trace(entry: string): Promise<this> {
    const queue = [entry]
    await this.#manifest(dirname(dirname(entry)))
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (this.files.has(path)) continue
      this.files.add(path)
      for (const specifier of await this.#importsOf(path)) queue.push(...(await this.#resolve(specifier, path)))
    }
    return this
  }

  /** Modules of ours that an import leads to; npm packages are taken whole. */
  async #resolve(specifier: string, importer: string): Promise<string[]> {
    if (isBuiltin(specifier)) return []
    if (specifier.startsWith('.')) return [join(dirname(importer), specifier)]
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    const { directory, own } = await this.#packageFor(name, dirname(importer))
    if (!own) {
      await this.#take(directory)
      return []
    }
    const { exports: faces } = await this.#manifest(directory)
    const face = typeof faces === 'string' ? { '.': faces } : (faces ?? {})
    const file = face[`.${specifier.slice(name.length)}`]
    if (file === undefined) throw refuse(`${importer} imports ${specifier}, which its package does not export`)
    this.links.set(`node_modules/${name}`, relative(dirname(`node_modules/${name}`), directory))
    return [join(directory, file)]
  }

  async #importsOf(path: string): Promise<string[]> {
    // Imports that only the type checker needs vanish with the types.
    const code = stripTypeScriptTypes(await this.#text(path))
    const found = [
      /^\s*(?:import|export)\b[^;'"]*?\bfrom\s*'([^']+)'/gm,
      /^\s*import\s*'([^']+)'/gm,
      /\bimport\(\s*'([^']+)'\s*\)/g,
      /\bcreateRequire\([^)]*\)\(\s*'([^']+)'\s*\)/g,
    ].flatMap(pattern => [...code.matchAll(pattern)].map(([, specifier = '']) => specifier))
    if (/\bimport\(\s*[^'\s]/.test(code)) throw refuse(`${path} imports by a name that is known only when it runs`)
    return found
  }

  /** The nearest package of that name above a directory, as Node.js looks for it. */
  async #packageFor(name: string, from: string): Promise<Package> {
    for (let at = from; ; at = dirname(at)) {
      const directory = join(at, 'node_modules', name)
      const exists = await lstat(join(this.#root, directory)).catch(() => undefined)
      if (exists !== undefined) {
        const real = relative(await realpath(this.#root), await realpath(join(this.#root, directory)))
        if (real.startsWith('..')) throw refuse(`${name} lies outside of the checkout`)
        return { directory: real, own: name.startsWith(OWN) }
      }
      if (at === '.') throw refuse(`package ${name} is not installed: run npm install in ${this.#root}`)
    }
  }

  /** An npm package with all its dependencies. */
  async #take(directory: string): Promise<void> {
    if (this.#seen.has(directory)) return
    this.#seen.add(directory)
    const { dependencies = {}, optionalDependencies = {} } = await this.#manifest(directory)
    for (const path of await this.#filesIn(directory)) this.files.add(path)
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }).toSorted()) {
      const found = await this.#packageFor(name, directory).catch((error: unknown) => {
        if (name in optionalDependencies) return undefined
        throw error
      })
      if (found !== undefined && (await this.#runsHere(found.directory))) await this.#take(found.directory)
    }
  }

  async #runsHere(directory: string): Promise<boolean> {
    const { os, cpu } = JSON.parse(await this.#text(join(directory, 'package.json'))) as Manifest
    const [system = '', processor = ''] = this.#platform.split('-')
    return (os?.includes(system) ?? true) && (cpu?.includes(processor) ?? true)
  }

  async #filesIn(directory: string): Promise<string[]> {
    const entries = await readdir(join(this.#root, directory), { withFileTypes: true })
    const paths: string[] = []
    for (const entry of entries) {
      const path = join(directory, entry.name)
      const foreign = directory.endsWith(`${sep}prebuilds`) && entry.name !== this.#platform
      if (entry.isDirectory() && entry.name !== 'node_modules' && !foreign) paths.push(...(await this.#filesIn(path)))
      // Prebuilt for another C library than the runtime's.
      if (entry.isFile() && LOADED.test(entry.name) && !entry.name.includes('musl')) paths.push(path)
    }
    return paths
  }

  async #manifest(directory: string): Promise<Manifest> {
    const path = join(directory, 'package.json')
    this.files.add(path)
    return JSON.parse(await this.#text(path)) as Manifest
  }

  async #text(path: string): Promise<string> {
    try {
      return await readFile(join(this.#root, path), 'utf8')
    } catch (cause) {
      throw refuse(`${path} cannot be read`, cause)
    }
  }
}

/** Node.js at /bin/node and the native modules, with the loader and every library they are linked to. */
const collectRuntime = (node: string, natives: readonly { binary: string; path: string }[]): AppFile[] => {
  try {
    const files = runtimeFiles([{ binary: node, path: 'bin/node' }, ...natives])
    return files.map(file => ({ ...file, path: `${ROOT}/${file.path}` }))
  } catch (cause) {
    throw refuse(
      `the runtime is incomplete: build on the Linux whose libraries the image shall carry (${cause})`,
      cause,
    )
  }
}
