import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'

const root = fileURLToPath(new URL('../', import.meta.url))
const localKeyFile = fileURLToPath(new URL('../../../.trivault-release/local-key.pem', import.meta.url))

interface ReleaseKey {
  readonly key: KeyObject
  readonly label: string
}

/**
 * Makes a build a signed release: integrity attributes in index.html, the service worker, `release.json` with the hash of every file,
 * and `release.sig`. The key (P-256, PEM) is in the file that TRIVAULT_RELEASE_KEY names; without one the release is a local build,
 * signed by a key that is made on this machine.
 */
export function signedRelease(): Plugin {
  const release = releaseKey()
  const define = {
    __RELEASE_KEY__: JSON.stringify(pointOf(release.key)),
    __RELEASE_LABEL__: JSON.stringify(release.label),
  }
  let outDir = ''
  let version = ''
  return {
    name: 'trivault-signed-release',
    apply: 'build',
    config: () => ({ define }),
    configResolved: config => {
      outDir = resolve(config.root, config.build.outDir)
      version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
    },
    closeBundle: async () => {
      addIntegrity(outDir)
      await buildWorker(outDir, { ...define, __RELEASE_BUILD__: JSON.stringify(hashAll(outDir)) })
      const files = Object.fromEntries(
        listed(outDir).map(path => [`/${path}`, sha256(readFileSync(join(outDir, path)))]),
      )
      const manifest = `${JSON.stringify({ version, files }, null, 1)}\n`
      const signature = sign('sha256', Buffer.from(manifest), { key: release.key, dsaEncoding: 'ieee-p1363' })
      writeFileSync(join(outDir, 'release.json'), manifest)
      writeFileSync(join(outDir, 'release.sig'), `${signature.toString('base64')}\n`)
    },
  }
}

function releaseKey(): ReleaseKey {
  const given = process.env.TRIVAULT_RELEASE_KEY
  if (given !== undefined) return { key: createPrivateKey(readFileSync(given, 'utf8')), label: 'signed release' }
  if (!existsSync(localKeyFile)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    mkdirSync(join(localKeyFile, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(localKeyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  }
  return { key: createPrivateKey(readFileSync(localKeyFile, 'utf8')), label: 'local build' }
}

/** Base64 of the public key as an uncompressed point. */
function pointOf(key: KeyObject): string {
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' })
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]).toString('base64')
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Every file of the App, sorted. What describes the release is no part of it, nor what others put in with a dot. */
function listed(outDir: string): string[] {
  return readdirSync(outDir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.startsWith('.') && !entry.name.startsWith('release.'))
    .map(entry => join(entry.parentPath, entry.name).slice(outDir.length + 1))
    .sort()
}

const hashAll = (outDir: string): string =>
  sha256(
    Buffer.from(
      listed(outDir)
        .map(path => `${path} ${sha256(readFileSync(join(outDir, path)))}\n`)
        .join(''),
    ),
  )

/** Subresource integrity of the scripts and styles that index.html names. */
function addIntegrity(outDir: string): void {
  const page = join(outDir, 'index.html')
  const html = readFileSync(page, 'utf8').replace(
    / (src|href)="(\/assets\/[^"]+)"/g,
    (attribute, _name, path: string) => {
      const digest = createHash('sha384')
        .update(readFileSync(join(outDir, path)))
        .digest('base64')
      return `${attribute} integrity="sha384-${digest}"`
    },
  )
  writeFileSync(page, html)
}

async function buildWorker(outDir: string, define: Record<string, string>): Promise<void> {
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    define,
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2023',
      lib: { entry: join(root, 'src/release/worker.ts'), formats: ['iife'], name: 'trivault', fileName: () => 'sw.js' },
    },
  })
}
