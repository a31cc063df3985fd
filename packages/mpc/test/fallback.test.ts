import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** Makes the bindings of libsecp256k1 and libsodium impossible to find, as on a machine without builds of them. */
const WITHOUT_BINDING = `
  const Module = require('node:module')
  const resolve = Module._resolveFilename
  Module._resolveFilename = function (request, ...rest) {
    if (request === 'secp256k1/bindings' || request === 'sodium-native') throw new Error('no build')
    return resolve.call(this, request, ...rest)
  }
`
const PROGRAM = `
  import { ed25519Engine, engine } from '${new URL('../src/index.ts', import.meta.url).href}'
  import { keygen, pairUp, run, signSessions } from '${new URL('./run.ts', import.meta.url).href}'
  import { frostSessions, keygenOn } from '${new URL('./frost-run.ts', import.meta.url).href}'
  const shares = keygen(2, 2)
  const signers = [1, 2]
  const { results, failures } = run(signSessions({ shares, pairs: pairUp(signers), signers, path: [0, 7] }))
  const schnorr = ['ed25519', 'secp256k1'].map(curve =>
    run(frostSessions({ shares: keygenOn(curve, 2, 2), signers, path: [0, 7] })).results.size)
  console.log(JSON.stringify({ engine, ed25519Engine, signatures: results.size, failures: failures.size, schnorr }))
`

describe('without a native build', () => {
  it('keys, OT state and signatures are made by the fallback, which says so', () => {
    const preload = `data:text/javascript,${encodeURIComponent(
      `import { createRequire } from 'node:module'; const require = createRequire('${import.meta.url}');${WITHOUT_BINDING}`,
    )}`
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', '--import', preload, '--input-type=module', '--eval', PROGRAM],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)), timeout: 60_000 },
    )
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      engine: 'fallback',
      ed25519Engine: 'fallback',
      signatures: 2,
      failures: 0,
      schnorr: [2, 2],
    })
  }, 60_000)
})
