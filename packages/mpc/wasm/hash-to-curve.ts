/**
 * RFC 9380, hash_to_curve for secp256k1 from 2 × 48 uniform bytes per point: simplified SWU on the 3-isogenous curve
 * E': y² = x³ + A·x + B (section 6.6.3, appendix F.2), one complete addition there, then the isogeny (appendix E.1).
 * Every step is a fixed sequence of field operations; choices are made by masks.
 */
import { fieldAdd, fieldCanonical, fieldMul, fieldSquare, fieldSub, pack, unpack } from './limbs'

const SIZE: usize = 72

/** Field constants, 32 bytes big-endian each, filled from the host once. */
export const constants: usize = memory.data(32 * 20)
const table: usize = memory.data(72 * 20)

const A: usize = table
const B: usize = table + SIZE
const Z: usize = table + 2 * SIZE
/** sqrt(-Z) */
const ROOT: usize = table + 3 * SIZE
const THREE_B: usize = table + 4 * SIZE
const ONE: usize = table + 5 * SIZE
/** 2^256 mod p */
const SHIFT: usize = table + 6 * SIZE
/** Isogeny: x numerator (4), x denominator (2, monic), y numerator (4), y denominator (3, monic), lowest degree first. */
const ISOGENY: usize = table + 7 * SIZE

/** To call once, after `constants` is filled. */
export function loadConstants(): void {
  for (let i: usize = 0; i < 20; i++) unpack(table + i * SIZE, constants + i * 32)
}

const scratch: usize = memory.data(72 * 48)

/** out = mask is all ones ? a : b. */
function select(out: usize, mask: u64, a: usize, b: usize): void {
  for (let i: usize = 0; i < SIZE; i += 8) {
    const other = load<u64>(b + i)
    store<u64>(out + i, other ^ ((load<u64>(a + i) ^ other) & mask))
  }
}

/** All ones if the value is zero mod p. */
function isZero(a: usize): u64 {
  const t = scratch
  fieldCanonical(t, a)
  let any: u64 = 0
  for (let i: usize = 0; i < SIZE; i += 8) any |= load<u64>(t + i)
  return ((any | (0 - any)) >> 63) - 1
}

/** All ones if the canonical value is odd. */
function isOdd(a: usize): u64 {
  const t = scratch
  fieldCanonical(t, a)
  return 0 - (load<u64>(t) & 1)
}

function squareTimes(out: usize, a: usize, times: i32): void {
  fieldSquare(out, a)
  for (let i = 1; i < times; i++) fieldSquare(out, out)
}

/** a^((p - 3) / 4): 223 ones, 0, 22 ones, 00001011. */
function power(out: usize, a: usize): void {
  const x2 = scratch + SIZE
  const x3 = scratch + 2 * SIZE
  const x11 = scratch + 3 * SIZE
  const x22 = scratch + 4 * SIZE
  const x44 = scratch + 5 * SIZE
  const x88 = scratch + 6 * SIZE
  const t = scratch + 7 * SIZE
  fieldSquare(x2, a)
  fieldMul(x2, x2, a)
  fieldSquare(x3, x2)
  fieldMul(x3, x3, a)
  squareTimes(t, x3, 3)
  fieldMul(t, t, x3)
  squareTimes(t, t, 3)
  fieldMul(t, t, x3)
  squareTimes(t, t, 2)
  fieldMul(x11, t, x2)
  squareTimes(t, x11, 11)
  fieldMul(x22, t, x11)
  squareTimes(t, x22, 22)
  fieldMul(x44, t, x22)
  squareTimes(t, x44, 44)
  fieldMul(x88, t, x44)
  squareTimes(t, x88, 88)
  fieldMul(t, t, x88)
  squareTimes(t, t, 44)
  fieldMul(t, t, x44)
  squareTimes(t, t, 3)
  fieldMul(t, t, x3)
  squareTimes(t, t, 23)
  fieldMul(t, t, x22)
  squareTimes(t, t, 5)
  fieldMul(t, t, a)
  squareTimes(t, t, 3)
  fieldMul(out, t, x2)
}

/** u = 48 big-endian bytes mod p. */
function element(out: usize, bytes: usize, block: usize): void {
  // The upper 16 bytes, as a 32-byte number.
  store<u64>(block, 0)
  store<u64>(block, 0, 8)
  memory.copy(block + 16, bytes, 16)
  unpack(out, block)
  fieldMul(out, out, SHIFT)
  const low = scratch
  unpack(low, bytes + 16)
  fieldAdd(out, out, low)
}

/** Appendix F.2 with its names: the point (x / d, y) of E' for u. */
function map(x: usize, y: usize, d: usize, u: usize): void {
  const tv1 = scratch + 8 * SIZE
  const tv2 = scratch + 9 * SIZE
  const tv3 = scratch + 10 * SIZE
  const tv5 = scratch + 11 * SIZE
  const tv6 = scratch + 12 * SIZE
  const v = scratch + 13 * SIZE
  const y1 = scratch + 14 * SIZE
  const t = scratch + 15 * SIZE
  fieldSquare(tv1, u)
  fieldMul(tv1, tv1, Z)
  fieldSquare(tv2, tv1)
  fieldAdd(tv2, tv2, tv1)
  fieldAdd(tv3, tv2, ONE)
  fieldMul(tv3, tv3, B)
  fieldSub(t, A, A)
  fieldSub(t, t, tv2)
  select(d, isZero(tv2), Z, t)
  fieldMul(d, d, A)
  fieldSquare(tv2, tv3)
  fieldSquare(tv6, d)
  fieldMul(tv5, A, tv6)
  fieldAdd(tv2, tv2, tv5)
  fieldMul(tv2, tv2, tv3)
  fieldMul(tv6, tv6, d)
  fieldMul(tv5, B, tv6)
  fieldAdd(tv2, tv2, tv5)
  fieldMul(x, tv1, tv3)
  // sqrt_ratio for p = 3 mod 4 (F.2.1.2) of tv2 / tv6.
  fieldSquare(v, tv6)
  fieldMul(t, tv2, tv6)
  fieldMul(v, v, t)
  power(y1, v)
  fieldMul(y1, y1, t)
  fieldSquare(v, y1)
  fieldMul(v, v, tv6)
  fieldSub(v, v, tv2)
  const isSquare = isZero(v)
  fieldMul(t, y1, ROOT)
  fieldMul(y, tv1, u)
  fieldMul(y, y, t)
  select(x, isSquare, tv3, x)
  select(y, isSquare, y1, y)
  fieldSub(t, A, A)
  fieldSub(t, t, y)
  select(y, isOdd(u) ^ isOdd(y), t, y)
}

/** Complete addition on E' in homogeneous coordinates: Renes, Costello, Batina, eprint 2015/1060, algorithm 1. */
function add(x: usize, y: usize, z: usize, x1: usize, y1: usize, z1: usize, x2: usize, y2: usize, z2: usize): void {
  const t0 = scratch + 8 * SIZE
  const t1 = scratch + 9 * SIZE
  const t2 = scratch + 10 * SIZE
  const t3 = scratch + 11 * SIZE
  const t4 = scratch + 12 * SIZE
  const t5 = scratch + 13 * SIZE
  fieldMul(t0, x1, x2)
  fieldMul(t1, y1, y2)
  fieldMul(t2, z1, z2)
  fieldAdd(t3, x1, y1)
  fieldAdd(t4, x2, y2)
  fieldMul(t3, t3, t4)
  fieldAdd(t4, t0, t1)
  fieldSub(t3, t3, t4)
  fieldAdd(t4, x1, z1)
  fieldAdd(t5, x2, z2)
  fieldMul(t4, t4, t5)
  fieldAdd(t5, t0, t2)
  fieldSub(t4, t4, t5)
  fieldAdd(t5, y1, z1)
  fieldAdd(x, y2, z2)
  fieldMul(t5, t5, x)
  fieldAdd(x, t1, t2)
  fieldSub(t5, t5, x)
  fieldMul(z, A, t4)
  fieldMul(x, THREE_B, t2)
  fieldAdd(z, x, z)
  fieldSub(x, t1, z)
  fieldAdd(z, t1, z)
  fieldMul(y, x, z)
  fieldAdd(t1, t0, t0)
  fieldAdd(t1, t1, t0)
  fieldMul(t2, A, t2)
  fieldMul(t4, THREE_B, t4)
  fieldAdd(t1, t1, t2)
  fieldSub(t2, t0, t2)
  fieldMul(t2, A, t2)
  fieldAdd(t4, t4, t2)
  fieldMul(t0, t1, t4)
  fieldAdd(y, y, t0)
  fieldMul(t0, t5, t4)
  fieldMul(x, t3, x)
  fieldSub(x, x, t0)
  fieldMul(t0, t3, t1)
  fieldMul(z, t5, z)
  fieldAdd(z, z, t0)
}

/** out = Σ coefficients[k] · x^k · z^(degree - k); powers at `xs` and `zs` from exponent 0. */
function evaluate(out: usize, coefficients: usize, degree: usize, monic: bool, xs: usize, zs: usize): void {
  const t = scratch + 8 * SIZE
  const total = scratch + 9 * SIZE
  fieldSub(total, A, A)
  for (let k: usize = 0; k <= degree; k++) {
    fieldMul(t, xs + k * SIZE, zs + (degree - k) * SIZE)
    if (!(monic && k === degree)) fieldMul(t, t, coefficients + k * SIZE)
    fieldAdd(total, total, t)
  }
  memory.copy(out, total, SIZE)
}

function powers(out: usize, a: usize): void {
  memory.copy(out, ONE, SIZE)
  memory.copy(out + SIZE, a, SIZE)
  fieldSquare(out + 2 * SIZE, a)
  fieldMul(out + 3 * SIZE, out + 2 * SIZE, a)
}

/** In: 96 bytes for each point. Out: x ‖ y, 64 bytes big-endian for each point. */
export const uniform: usize = memory.data(96 * 256)
export const points: usize = memory.data(64 * 256)
/** For each point x', y' as numerators over a common denominator, and the running product of denominators. */
const fractions: usize = memory.data(72 * 4 * 256)

/** One point per 96 bytes at `uniform`; count ≤ 256. The identity (probability 2^-256) comes out as zeros. */
export function hashToCurve(count: usize): void {
  const first = scratch + 16 * SIZE
  const second = scratch + 19 * SIZE
  const sum = scratch + 22 * SIZE
  const u = scratch + 25 * SIZE
  const d = scratch + 26 * SIZE
  const xs = scratch + 27 * SIZE
  const zs = scratch + 31 * SIZE
  const xn = scratch + 35 * SIZE
  const xd = scratch + 36 * SIZE
  const yn = scratch + 37 * SIZE
  const yd = scratch + 38 * SIZE
  const product = scratch + 39 * SIZE
  const block = scratch + 40 * SIZE
  memory.copy(product, ONE, SIZE)
  for (let i: usize = 0; i < count; i++) {
    for (let half: usize = 0; half < 2; half++) {
      const point = half === 0 ? first : second
      element(u, uniform + i * 96 + half * 48, block)
      map(point, point + SIZE, d, u)
      // (x / d, y) as (x : y·d : d)
      fieldMul(point + SIZE, point + SIZE, d)
      memory.copy(point + 2 * SIZE, d, SIZE)
    }
    add(
      sum,
      sum + SIZE,
      sum + 2 * SIZE,
      first,
      first + SIZE,
      first + 2 * SIZE,
      second,
      second + SIZE,
      second + 2 * SIZE,
    )
    powers(xs, sum)
    powers(zs, sum + 2 * SIZE)
    evaluate(xn, ISOGENY, 3, false, xs, zs)
    evaluate(xd, ISOGENY + 4 * SIZE, 2, true, xs, zs)
    evaluate(yn, ISOGENY + 6 * SIZE, 3, false, xs, zs)
    evaluate(yd, ISOGENY + 10 * SIZE, 3, true, xs, zs)
    fieldMul(xd, xd, sum + 2 * SIZE)
    fieldMul(yn, yn, sum + SIZE)
    fieldMul(yd, yd, sum + 2 * SIZE)
    const fraction = fractions + i * 4 * SIZE
    fieldMul(fraction, xn, yd)
    fieldMul(fraction + SIZE, yn, xd)
    fieldMul(fraction + 2 * SIZE, xd, yd)
    memory.copy(fraction + 3 * SIZE, product, SIZE)
    fieldMul(product, product, fraction + 2 * SIZE)
  }
  // One inversion for all: product^(p - 2), exponent 4 · (p - 3) / 4 + 1.
  const inverse = scratch + 41 * SIZE
  power(inverse, product)
  squareTimes(inverse, inverse, 2)
  fieldMul(inverse, inverse, product)
  for (let i = count; i > 0; i--) {
    const fraction = fractions + (i - 1) * 4 * SIZE
    const own = d
    fieldMul(own, inverse, fraction + 3 * SIZE)
    fieldMul(inverse, inverse, fraction + 2 * SIZE)
    fieldMul(xn, fraction, own)
    fieldCanonical(xn, xn)
    pack(points + (i - 1) * 64, xn)
    fieldMul(yn, fraction + SIZE, own)
    fieldCanonical(yn, yn)
    pack(points + (i - 1) * 64 + 32, yn)
  }
  memory.fill(scratch, 0, 48 * SIZE)
  memory.fill(fractions, 0, count * 4 * SIZE)
  memory.fill(uniform, 0, count * 96)
}
