import { beforeAll, describe, expect, it } from 'vitest'
import { ORDER } from '../src/scalar.ts'
import { compile } from '../wasm/build.mjs'
import { random } from './run.ts'

/**
 * The generated limb arithmetic by itself, at the borders of what each function accepts: a carry that is lost once in 2^29
 * random cases would hide behind every other test.
 */
type Limbs = {
  memory: WebAssembly.Memory
  area: { value: number }
  unpack(out: number, bytes: number): void
  pack(bytes: number, a: number): void
  fieldMul(out: number, a: number, b: number): void
  fieldSquare(out: number, a: number): void
  fieldAdd(out: number, a: number, b: number): void
  fieldSub(out: number, a: number, b: number): void
  fieldCanonical(out: number, a: number): void
  accumulate(sum: number, a: number, b: number): void
  carryColumns(sum: number): void
  scalarReduce(out: number, sum: number): void
  scalarMul(out: number, a: number, b: number): void
  scalarCombine(out: number, a: number, b: number, c: number): void
}

const P = 2n ** 256n - 2n ** 32n - 977n
const R = 2n ** 261n
const LIMB = 2n ** 29n - 1n
const mod = (value: bigint, modulus: bigint): bigint => ((value % modulus) + modulus) % modulus

let limbs: Limbs
let view: DataView
let [A, B, C, OUT, SUM] = [0, 0, 0, 0, 0]

beforeAll(async () => {
  const entry = "export * from './limbs'\nexport const area: usize = memory.data(1024)\n"
  const module = await WebAssembly.compile(await compile(entry))
  limbs = (await WebAssembly.instantiate(module)).exports as Limbs
  view = new DataView(limbs.memory.buffer)
  const base = limbs.area.value
  ;[A, B, C, OUT, SUM] = [base, base + 72, base + 144, base + 216, base + 288]
}, 60_000)

const write = (at: number, words: readonly bigint[]): void => {
  for (const [i, word] of words.entries()) view.setBigUint64(at + 8 * i, word, true)
}
const read = (at: number, count = 9): bigint[] =>
  Array.from({ length: count }, (_, i) => view.getBigUint64(at + 8 * i, true))
const total = (words: readonly bigint[]): bigint => words.reduce((sum, w, i) => sum + (w << BigInt(29 * i)), 0n)
const limbsOf = (value: bigint): bigint[] =>
  Array.from({ length: 9 }, (_, i) => (i < 8 ? (value >> BigInt(29 * i)) & LIMB : value >> 232n))
const isWeak = (words: readonly bigint[]): boolean =>
  words.slice(0, 8).every(word => word <= LIMB) && total(words) < 2n ** 256n + 2n ** 76n
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

const edgesOf = (modulus: bigint): bigint[] => [
  0n,
  1n,
  LIMB,
  LIMB + 1n,
  2n ** 232n - 1n,
  modulus - 1n,
  modulus,
  modulus + 1n,
  2n ** 256n - 1n,
]
/** Sparse patterns of full and empty limbs make long carries. */
const patterns = (top: bigint): bigint[][] =>
  Array.from({ length: 40 }, () =>
    [...random(9)].map((byte, i) => ((byte & 3) === 0 ? 0n : (byte & 3) === 1 ? 1n : i < 8 ? LIMB : top)),
  )

describe('limbs modulo p', () => {
  const inputs = [
    ...edgesOf(P).map(limbsOf),
    limbsOf(2n ** 256n + 2n ** 76n - 1n),
    ...patterns(2n ** 24n - 1n),
    ...Array.from({ length: 40 }, () => limbsOf(number(random(32)))),
  ]

  it('multiply, square, add, subtract and become canonical', () => {
    for (const [i, a] of inputs.entries()) {
      write(A, a)
      limbs.fieldSquare(OUT, A)
      expect(isWeak(read(OUT))).toBe(true)
      expect(mod(total(read(OUT)), P)).toBe(mod(total(a) ** 2n, P))
      limbs.fieldCanonical(OUT, A)
      expect(read(OUT)).toEqual(limbsOf(mod(total(a), P)))
      for (const b of i < 14 ? inputs : inputs.slice(0, 30)) {
        write(B, b)
        const [x, y] = [total(a), total(b)]
        for (const [operation, expected] of [
          ['fieldMul', x * y],
          ['fieldAdd', x + y],
          ['fieldSub', x - y],
        ] as const) {
          limbs[operation](OUT, A, B)
          expect(isWeak(read(OUT))).toBe(true)
          expect(mod(total(read(OUT)), P)).toBe(mod(expected, P))
        }
      }
    }
  })
})

describe('limbs modulo q', () => {
  const inputs = [
    ...edgesOf(ORDER).map(limbsOf),
    ...patterns(2n ** 24n - 1n),
    ...Array.from({ length: 20 }, () => limbsOf(number(random(32)))),
  ]

  it('multiply with Montgomery reduction', () => {
    for (const a of inputs) {
      for (const b of inputs) {
        write(A, a)
        write(B, b)
        limbs.scalarMul(OUT, A, B)
        const result = total(read(OUT))
        expect(mod(result * R - total(a) * total(b), ORDER)).toBe(0n)
        expect(result < (total(a) * total(b)) / R + ORDER + 1n).toBe(true)
      }
    }
  })

  it('combine to canonical values', () => {
    const wide = [...inputs, limbsOf(2n ** 258n - 1n)]
    for (const a of wide) {
      for (const b of wide.slice(0, 20)) {
        for (const c of [wide[0] ?? [], wide.at(-1) ?? [], wide[5] ?? []]) {
          write(A, a)
          write(B, b)
          write(C, c)
          limbs.scalarCombine(OUT, A, B, C)
          expect(read(OUT)).toEqual(limbsOf(mod(total(a) - total(b) + total(c), ORDER)))
        }
      }
    }
  })

  it('sum 416 of the largest products', () => {
    // Bob's cells: a pad plus a matrix entry, limb by limb and not carried.
    const cell = limbsOf(2n ** 256n - 1n).map((limb, i) => limb + (limbsOf(ORDER - 1n)[i] ?? 0n))
    const weight = limbsOf(ORDER - 1n)
    write(SUM, new Array<bigint>(17).fill(0n))
    write(A, weight)
    write(B, cell)
    for (let j = 0; j < 416; j++) {
      limbs.accumulate(SUM, A, B)
      if (j % 2 === 1) limbs.carryColumns(SUM)
    }
    expect(total(read(SUM, 17))).toBe(416n * total(weight) * total(cell))
    limbs.scalarReduce(OUT, SUM)
    const result = total(read(OUT))
    expect(result < R).toBe(true)
    expect(mod(result * R, ORDER)).toBe(mod(416n * total(weight) * total(cell), ORDER))
    // Then twice without a carry between: theta0 and theta1 times the largest cells.
    write(SUM, new Array<bigint>(17).fill(0n))
    write(A, limbsOf(2n * ORDER - 1n))
    limbs.accumulate(SUM, A, B)
    limbs.accumulate(SUM, A, B)
    limbs.scalarReduce(OUT, SUM)
    expect(mod(total(read(OUT)) * R, ORDER)).toBe(mod(2n * (2n * ORDER - 1n) * total(cell), ORDER))
    expect(total(read(OUT)) < 2n ** 258n).toBe(true)
  })

  it('come from and go to bytes', () => {
    const bytes = new Uint8Array(limbs.memory.buffer)
    for (const value of [...edgesOf(ORDER), ...Array.from({ length: 20 }, () => number(random(32)))]) {
      const encoded = Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
      bytes.set(encoded, SUM)
      limbs.unpack(OUT, SUM)
      expect(read(OUT)).toEqual(limbsOf(value))
      bytes.fill(0, SUM, SUM + 32)
      limbs.pack(SUM, OUT)
      expect(Buffer.from(bytes.slice(SUM, SUM + 32)).equals(encoded)).toBe(true)
    }
  })
})
