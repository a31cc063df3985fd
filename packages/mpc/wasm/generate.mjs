import { fileURLToPath } from 'node:url'

/**
 * The module './limbs': unrolled arithmetic modulo the field prime p and the group order q of secp256k1 on nine 29-bit limbs,
 * each in a 64-bit word. Straight-line code: no branch and no address depends on a value.
 *
 * Products are summed column by column: nine products of 29-bit limbs stay below 2^61.2. Values modulo p are *weak*:
 * below 2^256 + 2^76, limbs 0..7 below 2^29. Values modulo q are canonical or say what they are.
 */
const P = 2n ** 256n - 2n ** 32n - 977n
const Q = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const LIMBS = 9
const BITS = 29
const MASK = (1n << 29n) - 1n
/** Bits of the top limb below 2^256. */
const TOP_BITS = 24
const TOP_MASK = (1n << 24n) - 1n

const range = n => Array.from({ length: n }, (_, i) => i)
const limbsOf = value => range(LIMBS).map(i => (value >> BigInt(BITS * i)) & MASK)
const at = i => (i === 0 ? '' : `, ${8 * i}`)
const load = (name, pointer, type = 'u64') =>
  range(LIMBS).map(i => `  const ${name}${i} = load<${type}>(${pointer}${at(i)})`)
const store = (pointer, name) => range(LIMBS).map(i => `  store<u64>(${pointer}, ${name}${i}${at(i)})`)

/** Carries of `name`0..last into the next limb; `last` itself keeps its overflow. */
const carry = (name, last) =>
  range(last).flatMap(i => [`  ${name}${i + 1} += ${name}${i} >> ${BITS}`, `  ${name}${i} &= ${MASK}`])

/** Columns c0..c16 of a product. */
const columns = (a, b) =>
  range(2 * LIMBS - 1).map(k => {
    const terms = range(LIMBS).filter(i => k - i >= 0 && k - i < LIMBS)
    return `  let c${k} = ${terms.map(i => `${a}${i} * ${b}${k - i}`).join(' + ')}`
  })
const squareColumns = a =>
  range(2 * LIMBS - 1).map(k => {
    const pairs = range(LIMBS).filter(i => k - i > i && k - i < LIMBS)
    const twice = pairs.length === 0 ? [] : [`((${pairs.map(i => `${a}${i} * ${a}${k - i}`).join(' + ')}) << 1)`]
    const middle = k % 2 === 0 ? [`${a}${k / 2} * ${a}${k / 2}`] : []
    return `  let c${k} = ${[...twice, ...middle].join(' + ')}`
  })

/** c0..c16 to weak r0..r8: 2^261 = 2^37 + 31264 and 2^256 = 2^32 + 977 modulo p. */
const foldField = () => [
  ...carry('c', 2 * LIMBS - 2),
  `  const c17 = c16 >> ${BITS}`,
  `  c16 &= ${MASK}`,
  '  let r0 = c0 + c9 * 31264',
  ...range(8).map(k => `  let r${k + 1} = c${k + 1} + c${k + 10} * 31264 + (c${k + 9} << 8)`),
  ...carry('r', 8),
  `  const h = (r8 >> ${TOP_BITS}) + (c17 << 13)`,
  `  r8 &= ${TOP_MASK}`,
  '  r0 += h * 977',
  '  r1 += h << 3',
  ...carry('r', 8),
]

/** Signed r0..r8 of a value in [0, 2^261) to weak. */
const weaken = () => [
  ...carry('r', 8),
  `  const h = r8 >> ${TOP_BITS}`,
  `  r8 &= ${TOP_MASK}`,
  '  r0 += h * 977',
  '  r1 += h << 3',
  ...carry('r', 8),
]

/** Signed r0..r8 of a value in [0, 2^260) to canonical: fold at 2^256, then subtract the modulus once, by mask. */
const canonical = modulus => {
  const rest = limbsOf(2n ** 256n - modulus)
  return [
    ...carry('r', 8),
    `  const h = r8 >> ${TOP_BITS}`,
    `  r8 &= ${TOP_MASK}`,
    ...rest.flatMap((limb, i) => (limb === 0n ? [] : [`  r${i} += h * ${limb}`])),
    ...carry('r', 8),
    ...limbsOf(modulus).map((limb, i) => `  let d${i} = r${i} - ${limb}`),
    ...carry('d', 8),
    '  const keep = d8 >> 63',
    ...range(LIMBS).map(i => `  d${i} ^= (d${i} ^ r${i}) & keep`),
  ]
}

/** Montgomery reduction of c0..c16 by R = 2^261: r0..r8 of a value below c / R + q, limbs carried. */
const montgomery = () => {
  const q = limbsOf(Q)
  let inverse = 1n
  for (let i = 0; i < 5; i++) inverse = (inverse * (2n - Q * inverse)) & MASK
  const negated = -inverse & MASK
  return [
    '  let c17: u64 = 0',
    ...range(LIMBS).flatMap(i => [
      `  const m${i} = (c${i} * ${negated}) & ${MASK}`,
      ...q.map((limb, j) => `  c${i + j} += m${i} * ${limb}`),
      `  c${i + 1} += c${i} >> ${BITS}`,
    ]),
    ...range(8).flatMap(i => [`  c${i + 10} += c${i + 9} >> ${BITS}`, `  c${i + 9} &= ${MASK}`]),
  ]
}

/** Big-endian 32 bytes to limbs. */
const unpack = () => [
  ...range(4).map(i => `  const w${i} = bswap<u64>(load<u64>(bytes${at(3 - i)}))`),
  ...range(LIMBS).map(i => {
    const [word, shift] = [Math.floor((BITS * i) / 64), (BITS * i) % 64]
    const low = shift === 0 ? `w${word}` : `(w${word} >> ${shift})`
    const high = shift > 64 - BITS && word < 3 ? ` | (w${word + 1} << ${64 - shift})` : ''
    return `  store<u64>(out, (${low}${high}) & ${MASK}${at(i)})`
  }),
]
const pack = () => [
  ...load('a', 'a'),
  ...range(4).map(word => {
    const terms = range(LIMBS)
      .filter(i => BITS * i < 64 * (word + 1) && BITS * (i + 1) > 64 * word)
      .map(i => (BITS * i >= 64 * word ? `(a${i} << ${BITS * i - 64 * word})` : `(a${i} >> ${64 * word - BITS * i})`))
    return `  store<u64>(bytes, bswap<u64>(${terms.join(' | ')})${at(3 - word)})`
  }),
]

const define = (comment, signature, ...body) => [
  `/** ${comment} */`,
  `export function ${signature}: void {`,
  ...body.flat(),
  '}',
  '',
]
const sums = term => range(LIMBS).map(i => `  let r${i} = ${term(i)}`)
const shifted = factor => limbsOf(factor).map((limb, i) => (i < 8 ? limb : factor >> BigInt(BITS * 8)))

export const limbs = () =>
  [
    define('32 big-endian bytes, any value.', 'unpack(out: usize, bytes: usize)', unpack()),
    define('32 big-endian bytes of a value with carried limbs below 2^256.', 'pack(bytes: usize, a: usize)', pack()),
    define(
      'a · b mod p, weak.',
      'fieldMul(out: usize, a: usize, b: usize)',
      load('a', 'a'),
      load('b', 'b'),
      columns('a', 'b'),
      foldField(),
      store('out', 'r'),
    ),
    define(
      'a² mod p, weak.',
      'fieldSquare(out: usize, a: usize)',
      load('a', 'a'),
      squareColumns('a'),
      foldField(),
      store('out', 'r'),
    ),
    define(
      'a + b mod p, weak.',
      'fieldAdd(out: usize, a: usize, b: usize)',
      load('a', 'a'),
      load('b', 'b'),
      sums(i => `a${i} + b${i}`),
      weaken(),
      store('out', 'r'),
    ),
    define(
      'a - b mod p, weak.',
      'fieldSub(out: usize, a: usize, b: usize)',
      load('a', 'a', 'i64'),
      load('b', 'b', 'i64'),
      sums(i => `${shifted(4n * P)[i]} + a${i} - b${i}`),
      weaken(),
      store('out', 'r'),
    ),
    define(
      'The canonical representative of a weak value mod p.',
      'fieldCanonical(out: usize, a: usize)',
      load('a', 'a', 'i64'),
      sums(i => `a${i}`),
      canonical(P),
      store('out', 'd'),
    ),
    define(
      'The 17 columns at `sum` += a · b.',
      'accumulate(sum: usize, a: usize, b: usize)',
      load('a', 'a'),
      load('b', 'b'),
      columns('a', 'b'),
      range(17).map(i => `  store<u64>(sum, load<u64>(sum${at(i)}) + c${i}${at(i)})`),
    ),
    define(
      'Carries the columns at `sum`; the top one keeps what is above.',
      'carryColumns(sum: usize)',
      range(17).map(i => `  let c${i} = load<u64>(sum${at(i)})`),
      carry('c', 16),
      range(17).map(i => `  store<u64>(sum, c${i}${at(i)})`),
    ),
    define(
      'The columns at `sum` divided by 2^261 modulo q: below sum / 2^261 + q.',
      'scalarReduce(out: usize, sum: usize)',
      range(17).map(i => `  let c${i} = load<u64>(sum${at(i)})`),
      montgomery(),
      range(LIMBS).map(i => `  store<u64>(out, c${i + 9}${at(i)})`),
    ),
    define(
      'a · b / 2^261 modulo q: below a · b / 2^261 + q.',
      'scalarMul(out: usize, a: usize, b: usize)',
      load('a', 'a'),
      load('b', 'b'),
      columns('a', 'b'),
      montgomery(),
      range(LIMBS).map(i => `  store<u64>(out, c${i + 9}${at(i)})`),
    ),
    define(
      'a - b + c mod q, canonical, for values below 2^258.',
      'scalarCombine(out: usize, a: usize, b: usize, c: usize)',
      load('a', 'a', 'i64'),
      load('b', 'b', 'i64'),
      load('c', 'c', 'i64'),
      sums(i => `${shifted(8n * Q)[i]} + a${i} - b${i} + c${i}`),
      canonical(Q),
      store('out', 'd'),
    ),
  ]
    .flat()
    .join('\n')

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(limbs())
