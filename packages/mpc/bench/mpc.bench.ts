/**
 * Process CPU time of all parties together, one process, in-memory transport, warm, medians.
 * `node packages/mpc/bench/mpc.bench.ts [runs] [--json]`; exits non-zero when a run fails.
 */
import { generateKeyPairSync } from 'node:crypto'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encryptBackup, engine, verifyBackup } from '../src/index.ts'
import { keygen, keygenSessions, pairSessions, pairUp, random, run, signSessions } from '../test/run.ts'

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const measure = (runs: number, action: () => void): number => {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const before = cpuMs()
    action()
    times.push(cpuMs() - before)
  }
  return median(times)
}

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
const runs = Number(positionals[0] ?? 50)

let sent = 0
const count = (_from: number, _to: number, frame: Uint8Array): Uint8Array => {
  sent += frame.length
  return frame
}
/** Median time and bytes of one operation, after one run for warmth. */
const operation = (times: number, action: () => void): { ms: number; bytes: number } => {
  action()
  sent = 0
  action()
  const bytes = sent
  return { ms: measure(times, action), bytes }
}
const expectAll = (parties: number, results: ReadonlyMap<number, unknown>): void => {
  if (results.size !== parties) throw new Error(`${results.size} of ${parties} parties finished`)
}

const threeOfThree = keygen(3, 3)
const twoOfThree = keygen(3, 2)
const pairs = pairUp([1, 2, 3])
const sign = (shares: typeof threeOfThree, signers: readonly number[]) => (): void =>
  expectAll(signers.length, run(signSessions({ shares, pairs, signers, digest: random(32) }), count).results)
for (let i = 0; i < 40; i++) sign(threeOfThree, [1, 2, 3])()

const [secret, digest] = [random(32), random(32)]
const noble = operation(runs * 4, () => void secp256k1.sign(digest, secret, { prehash: false }))
const dkg = operation(10, () => expectAll(3, run(keygenSessions(3, 3), count).results))
const pair = operation(5, () => expectAll(2, run(pairSessions(1, 2), count).results))
const sign3 = operation(runs, sign(threeOfThree, [1, 2, 3]))
const sign2 = operation(runs, sign(twoOfThree, [1, 3]))

const share = threeOfThree.get(1)
if (share === undefined) throw new Error('no share')
const ers = generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey.export({ format: 'der', type: 'spki' })
const options = { ersPublicKey: new Uint8Array(ers), context: new Uint8Array(32) }
const blob = encryptBackup(share, { ...options, random })
const backup = operation(5, () => void encryptBackup(share, { ...options, random }))
const verify = operation(5, () => {
  const publicShare = share.publicShares[0] ?? new Uint8Array()
  if (!verifyBackup(blob, { ...options, publicShare })) throw new Error('backup does not verify')
})

const machine = `${cpus()[0]?.model.trim()} × ${cpus().length}, Node ${process.version}, curve engine ${engine}`
const dkgWithPairs = { ms: dkg.ms + 3 * pair.ms, bytes: dkg.bytes + 3 * pair.bytes }
const rows = [
  ['@noble/curves secp256k1 sign', noble],
  ['ECDSA sign 3-of-3', sign3],
  ['ECDSA sign 2-of-3', sign2],
  ['DKG 3-of-3', dkg],
  ['pair set-up, one pair', pair],
  ['DKG 3-of-3 and its three pair set-ups', dkgWithPairs],
  ['backup of one share, RSA-3072', { ms: backup.ms, bytes: blob.length }],
  ['verification of one backup', verify],
] as const
console.log(machine)
for (const [name, { ms, bytes }] of rows) {
  const traffic = bytes === 0 ? '' : `  ${(bytes / 1000).toFixed(1)} KB`
  console.log(
    `${name.padEnd(40)}${ms.toFixed(2).padStart(10)} ms  ${(ms / noble.ms).toFixed(1).padStart(8)} × noble${traffic}`,
  )
}
if (values.json === true) {
  console.log(
    JSON.stringify({
      machine,
      ecdsaSign3of3CpuMs: sign3.ms,
      ecdsaSign2of3CpuMs: sign2.ms,
      ecdsaDkg3of3CpuMs: dkgWithPairs.ms,
      ecdsaBytes2of3: sign2.bytes,
      nobleEcdsaSignMs: noble.ms,
    }),
  )
}
