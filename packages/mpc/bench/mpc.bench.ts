/**
 * Process CPU time of all parties together, in memory. `node packages/mpc/bench/mpc.bench.ts [runs]`.
 * Exits non-zero when a run fails.
 */
import { cpus } from 'node:os'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { engine } from '../src/index.ts'
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

const expectAll = (count: number, results: ReadonlyMap<number, unknown>): void => {
  if (results.size !== count) throw new Error(`${results.size} of ${count} parties finished`)
}

const runs = Number(process.argv[2] ?? 50)
const secret = random(32)
const digest = random(32)
const nobleSign = measure(runs * 4, () => void secp256k1.sign(digest, secret, { prehash: false }))

const rows: { operation: string; ms: number; kilobytes: number | undefined }[] = []
let bytes = 0
const count = (_from: number, _to: number, frame: Uint8Array): Uint8Array => {
  bytes += frame.length
  return frame
}
const record = (operation: string, times: number, action: () => void): void => {
  action()
  bytes = 0
  action()
  const kilobytes = bytes / 1000
  rows.push({ operation, ms: measure(times, action), kilobytes })
}

const shares = keygen(3, 3)
const twoOfThree = keygen(3, 2)
const pairs = pairUp([1, 2, 3])
record('DKG 3-of-3', 10, () => expectAll(3, run(keygenSessions(3, 3), count).results))
record('pair set-up, one pair', 5, () => expectAll(2, run(pairSessions(1, 2), count).results))
for (let i = 0; i < 20; i++) run(signSessions({ shares, pairs, signers: [1, 2, 3], digest: random(32) }))
record('ECDSA sign 3-of-3', runs, () =>
  expectAll(3, run(signSessions({ shares, pairs, signers: [1, 2, 3], digest: random(32) }), count).results),
)
record('ECDSA sign 2-of-3', runs, () =>
  expectAll(2, run(signSessions({ shares: twoOfThree, pairs, signers: [1, 3], digest: random(32) }), count).results),
)

console.log(`${cpus()[0]?.model} × ${cpus().length}, Node ${process.version}, curve engine ${engine}`)
console.log(`@noble/curves secp256k1 sign: ${nobleSign.toFixed(3)} ms`)
for (const { operation, ms, kilobytes } of rows) {
  const traffic = kilobytes === undefined ? '' : `, ${kilobytes.toFixed(1)} KB`
  console.log(`${operation}: ${ms.toFixed(2)} ms CPU, ${(ms / nobleSign).toFixed(1)} × noble${traffic}`)
}
