import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { utf8 } from '@trivault/codec'
import { type CoreMessage, decodeCoreMessage, encodeHostMessage, FrameDecoder, LINK_VERSION } from '@trivault/node-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectApplication } from '../src/collect.ts'
import { type AppFile, buildEif, collectPolicyNode, EifError, parseEif, readCpio } from '../src/index.ts'
import { input } from './sample.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const APP = 'rootfs/app/'
const pathsOf = (files: readonly AppFile[]): string[] => files.map(({ path }) => path)
const contentsOf = (files: readonly AppFile[], path: string): Uint8Array => {
  const file = files.find(one => one.path === path)
  return file !== undefined && 'contents' in file ? file.contents : new Uint8Array()
}

let scratch = ''
let application: AppFile[] = []
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'trivault-enclave-image-'))
  application = await collectApplication({ root, node: process.execPath })
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** The application as it would lie in the enclave, but for the runtime. */
const unpack = async (files: readonly AppFile[], target: string): Promise<void> => {
  for (const file of files) {
    const path = join(target, file.path)
    await mkdir(dirname(path), { recursive: true })
    if ('linkTo' in file) await symlink(file.linkTo, path)
    else if ('contents' in file) await writeFile(path, file.contents, { mode: file.mode })
    else await mkdir(path, { recursive: true })
  }
}

/** Starts a packed core with pins that it must refuse, over the link that it has with its host. */
const refusalOf = async (home: string): Promise<{ said: readonly CoreMessage[]; errors: string }> => {
  const core = spawn(process.execPath, [join(home, APP, 'apps/policy-node/src/core.ts')], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: {},
    cwd: '/',
  })
  const link = core.stdio[3] as Duplex
  link.on('error', () => undefined)
  const frames = new FrameDecoder()
  const said: CoreMessage[] = []
  link.on('data', (chunk: Uint8Array) => said.push(...frames.push(chunk).map(decodeCoreMessage)))
  const nothing = new Uint8Array()
  const start = {
    index: 0,
    genesis: nothing,
    secret: nothing,
    statements: nothing,
    ersPublicKey: nothing,
    anchor: '/nonexistent',
  }
  link.write(encodeHostMessage({ type: 'init', version: LINK_VERSION, ...start }))
  const errors = core.stderr === null ? '' : await text(core.stderr)
  return { said, errors }
}

describe('the application of a Policy Node', () => {
  it('is its core with what it imports, and nothing else of ours', () => {
    const ours = pathsOf(application).filter(path => /^rootfs\/app\/(apps|packages)\/(?!.*node_modules)/.test(path))
    expect(ours).toContain(`${APP}apps/policy-node/src/core.ts`)
    expect(ours).toContain(`${APP}packages/mpc/src/signing.ts`)
    const packages = new Set(ours.map(path => path.slice(APP.length).split('/').slice(0, 2).join('/')))
    expect([...packages].toSorted()).toEqual([
      'apps/policy-node',
      ...['attestation', 'chains', 'codec', 'ledger', 'mpc', 'node-core', 'policy', 'protocol', 'vault-state'].map(
        name => `packages/${name}`,
      ),
    ])
    expect(ours.filter(path => /\.test\.ts$|\/testing\/|host\.ts$/.test(path))).toEqual([])
  })

  it('has the native modules of one platform', () => {
    const natives = pathsOf(application).filter(path => path.endsWith('.node'))
    expect(natives.some(path => path.includes('secp256k1/prebuilds/linux-x64'))).toBe(true)
    expect(natives.some(path => path.includes('sodium-native/prebuilds/linux-x64'))).toBe(true)
    expect(natives.filter(path => !path.includes('linux-x64'))).toEqual([])
  })

  it('comes out the same twice; one flipped byte of it changes PCR0 and PCR2', async () => {
    const first = buildEif({ ...input, appFiles: application })
    const second = buildEif({ ...input, appFiles: await collectApplication({ root, node: process.execPath }) })
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0)
    const flipped = application.map(file => {
      if (!file.path.endsWith('/core.ts') || !('contents' in file)) return file
      return { ...file, contents: file.contents.map((byte, i) => (i === 7 ? byte ^ 1 : byte)) }
    })
    const { pcrs } = buildEif({ ...input, appFiles: flipped })
    expect(pcrs.pcr0).not.toBe(first.pcrs.pcr0)
    expect(pcrs.pcr1).toBe(first.pcrs.pcr1)
    expect(pcrs.pcr2).not.toBe(first.pcrs.pcr2)
  })

  it('runs from where the image unpacks it, without anything from this checkout', async () => {
    const { bytes } = buildEif({ ...input, appFiles: application })
    const home = join(scratch, 'packed')
    await unpack(readCpio(parseEif(bytes).ramdisks[1] ?? new Uint8Array()), home)
    const { said, errors } = await refusalOf(home)
    expect(errors).toBe('')
    expect(said).toEqual([{ type: 'fatal', message: expect.stringMatching(/^the pins are not readable/) }])
  }, 60_000)

  it('does not run when a module is missing', async () => {
    const home = join(scratch, 'incomplete')
    await unpack(
      application.filter(({ path }) => !path.endsWith('packages/mpc/src/layout.ts')),
      home,
    )
    const { said, errors } = await refusalOf(home)
    expect(errors).toMatch(/ERR_MODULE_NOT_FOUND/)
    expect(said).toEqual([])
  }, 60_000)
})

describe('the whole ramdisk', () => {
  it('adds the runtime with its libraries, and what the init of the enclave reads', async () => {
    const files = await collectPolicyNode({ root, node: process.execPath })
    expect(new Set(pathsOf(files)).size).toBe(files.length)
    expect(Buffer.compare(contentsOf(files, 'rootfs/bin/node'), await readFile(process.execPath))).toBe(0)
    expect(pathsOf(files).some(path => /^rootfs\/.*\/libc\.so\.6$/.test(path))).toBe(true)
    const [program = '', ...rest] = new TextDecoder().decode(contentsOf(files, 'cmd')).trimEnd().split('\n')
    expect(program).toBe('/bin/node')
    expect(pathsOf(files)).toContain(`rootfs${rest.at(-1)}`)
    expect(pathsOf(files)).toEqual(expect.arrayContaining(['env', 'rootfs/proc', 'rootfs/dev', 'rootfs/sys']))
    for (const file of files) if (file.path.endsWith('.node')) expect(file).toMatchObject({ mode: 0o755 })
  })

  it.each([
    ['a checkout that is none', { root: '/nonexistent', node: process.execPath }],
    ['a runtime that is missing', { root, node: '/nonexistent/node' }],
    ['a runtime that is no program', { root, node: fileURLToPath(import.meta.url) }],
  ])('is not made from %s', async (_what, source) => {
    await expect(collectPolicyNode(source)).rejects.toThrow(EifError)
    await expect(collectPolicyNode(source)).rejects.toMatchObject({ code: 'collect' })
  })
})

describe('a tree that is not ours', () => {
  const core = 'apps/policy-node/src/core.ts'
  const build = async (name: string, files: Readonly<Record<string, string>>) => {
    const home = join(scratch, name)
    const all = { 'apps/policy-node/package.json': '{}', ...files }
    await unpack(
      Object.entries(all).map(([path, source]) => ({ path, mode: 0o644, contents: utf8(source) })),
      home,
    )
    return collectApplication({ root: home, node: process.execPath })
  }
  const own = (exports: string): Record<string, string> => ({
    'node_modules/@trivault/x/package.json': `{"exports":${exports}}`,
    'node_modules/@trivault/x/src/index.ts': '',
  })

  it('gives what it imports, types left aside', async () => {
    const files = await build('small', {
      [core]:
        "import { a } from '@trivault/x'\nimport type { b } from './gone.ts'\nimport 'lib/part.js'\nimport 'node:fs'\n",
      ...own('"./src/index.ts"'),
      'node_modules/lib/package.json': '{"dependencies":{"deep":"1"},"optionalDependencies":{"none":"1"}}',
      'node_modules/lib/part.js': '',
      'node_modules/lib/README.md': '',
      'node_modules/lib/LICENSE': '',
      'node_modules/deep/package.json': '{}',
    })
    expect(
      pathsOf(files)
        .map(path => path.slice(APP.length))
        .toSorted(),
    ).toEqual(
      [
        ...['apps/policy-node/package.json', core, 'node_modules/@trivault/x/package.json'],
        ...['node_modules/@trivault/x', 'node_modules/@trivault/x/src/index.ts', 'node_modules/deep/package.json'],
        ...['node_modules/lib/LICENSE', 'node_modules/lib/package.json', 'node_modules/lib/part.js'],
      ].toSorted(),
    )
  })

  it.each([
    ['a module is missing', { [core]: "import './gone.ts'" }],
    ['a package is missing', { [core]: "import 'gone'" }],
    [
      'a dependency is missing',
      { [core]: "import 'lib'", 'node_modules/lib/package.json': '{"dependencies":{"gone":"1"}}' },
    ],
    ['a package of ours exports nothing', { [core]: "import '@trivault/x'", ...own('{}') }],
    [
      'a package of ours is imported past its face',
      { [core]: "import '@trivault/x/src/y.ts'", ...own('"./src/index.ts"') },
    ],
    ['an import is known only when it runs', { [core]: 'await import(name)' }],
  ])('is refused when %s', async (_what, files) => {
    await expect(build(`refused-${Math.random()}`, files)).rejects.toMatchObject({ name: 'EifError', code: 'collect' })
  })
})
