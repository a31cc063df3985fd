import { concat, equalBytes, u32 } from './bytes.ts'
import { hash, hash64, indexBytes } from './hash.ts'
import { blake3Keyed } from './kernel/blake3.ts'
import { kernel, put, take, view } from './kernel/kernel.ts'
import { isScalar, type Scalar } from './kernel/scalar.ts'
import { bytes, inPlace, list, type Refused, record, where } from './layout.ts'
import { CHOICES, CHOICES_LENGTH, extendAsReceiver, extendAsSender } from './ot-extension.ts'
import { reduceWide, SCALAR_LENGTH, scalarBytes } from './scalar.ts'

/** What one signing session may read of a pair. */
export type PairMaterial = {
  /** Public, different for every epoch. */
  readonly session: Uint8Array
  /** This party has all leaves: it is OT extension receiver. 32 bytes for each tree and leaf. */
  readonly full: Uint8Array
  /** This party misses the leaf at `positions[tree]` (zeros there): it is OT extension sender. */
  readonly punctured: Uint8Array
  readonly positions: Uint8Array
  /** The positions as 128 bits: the sender's global correlation. */
  readonly delta: Uint8Array
  readonly zeroSeed: Uint8Array
  /** Gadget vectors by direction: `own` where this party holds the choice bits, `peer` where the peer does. */
  readonly gadget: { readonly own: Uint8Array; readonly peer: Uint8Array }
}

/**
 * Random vector OLE (DKLs23, eprint 2023/765, protocol 5.2) with l = 2 products and rho = 2 check columns.
 * Bob holds a random b, Alice inputs a[0], a[1]; they end with c[i] + d[i] = a[i] · b. SPEC.md section 6. The scalar work
 * is in wasm/rvole.ts.
 */
const PRODUCTS = 2
const CHECKS = 2
const MATRIX_LENGTH = CHOICES * (PRODUCTS + CHECKS) * SCALAR_LENGTH
const MU_LENGTH = CHOICES * CHECKS * SCALAR_LENGTH
const ETA_LENGTH = CHECKS * SCALAR_LENGTH
/** Nine limbs of 8 bytes per entry, in Montgomery form. */
const GADGET_LENGTH = CHOICES * 72

/** Are all entries of the matrix canonical scalars? It is public. */
const isCanonicalMatrix = (matrix: Uint8Array): boolean => {
  put(kernel.matrix, matrix)
  return kernel.isCanonical() !== 0
}

/** Alice's only message: masked matrix, eta, hash of mu. Bob's is that of the OT extension. */
export const rvoleReply = record({
  matrix: inPlace(isCanonicalMatrix, MATRIX_LENGTH, 'S3.2'),
  eta: list(CHECKS, where(isScalar, SCALAR_LENGTH, 'S3.2')),
  mu: bytes(32),
})
export type RvoleReply = Exclude<ReturnType<typeof rvoleReply.take>, Refused>

/** Public uniform gadget for one epoch and direction, as the kernel wants it; `chooser` is the party with the choice bits. */
export const gadgetVector = (pairSession: Uint8Array, chooser: number): Uint8Array => {
  const key = hash('rvole/gadget', pairSession, indexBytes([chooser]))
  const entries: Uint8Array[] = []
  for (let j = 0; j < CHOICES; j++) {
    entries.push(scalarBytes(reduceWide(blake3Keyed(key, Uint8Array.of(j, j >> 8, 0, 0), 1))))
  }
  put(kernel.matrix, concat(...entries))
  kernel.loadGadget()
  return take(kernel.gadget, GADGET_LENGTH)
}

/** All PRG output and hashes of one multiplication are bound to session, epoch and direction. */
export const runIdOf = (material: PairMaterial, session: Uint8Array, chooser: number): Uint8Array =>
  hash('rvole/run', session, material.session, indexBytes([chooser]))

/** Challenge scalars from the masked matrix: one for each product, check column by check column. */
const thetas = (runId: Uint8Array, matrix: Uint8Array): Uint8Array => {
  const seed = hash('rvole/theta', runId, matrix)
  const scalars = Array.from({ length: PRODUCTS * CHECKS }, (_, i) =>
    scalarBytes(reduceWide(hash64('rvole/theta-scalar', seed, u32(i)))),
  )
  return concat(...scalars)
}

const muHash = (runId: Uint8Array): Uint8Array => hash('rvole/mu', runId, view(kernel.mu, MU_LENGTH))

const takePair = (): [Scalar, Scalar] => {
  const both = take(kernel.outputs, 2 * SCALAR_LENGTH)
  return [both.slice(0, SCALAR_LENGTH), both.slice(SCALAR_LENGTH)]
}

/** Bob: samples the choice bits, hence b. */
export class RvoleBob {
  readonly request: Uint8Array
  /** b = sum of the gadget entries at set choice bits. */
  readonly input: Scalar
  readonly #runId: Uint8Array
  readonly #material: PairMaterial
  readonly #choices: Uint8Array
  readonly #pads: Uint8Array

  constructor(material: PairMaterial, session: Uint8Array, self: number, random: (n: number) => Uint8Array) {
    this.#material = material
    this.#runId = runIdOf(material, session, self)
    this.#choices = random(CHOICES_LENGTH)
    const { message, pads } = extendAsReceiver(material.full, this.#runId, this.#choices)
    this.request = message
    this.#pads = pads
    try {
      put(kernel.gadget, material.gadget.own)
      put(kernel.choiceBits, this.#choices.subarray(0, CHOICES / 8))
      kernel.chosenSum()
      this.input = take(kernel.outputs, SCALAR_LENGTH)
    } finally {
      kernel.clearMultiplication()
    }
  }

  /** d[0], d[1]; undefined when Alice's matrix is inconsistent. */
  finish({ matrix, eta, mu }: RvoleReply): [Scalar, Scalar] | undefined {
    try {
      put(kernel.matrix, matrix)
      put(kernel.pads, this.#pads)
      put(kernel.gadget, this.#material.gadget.own)
      put(kernel.choiceBits, this.#choices.subarray(0, CHOICES / 8))
      put(kernel.theta, thetas(this.#runId, matrix))
      put(kernel.eta, concat(...eta))
      kernel.bobCheck()
      return equalBytes(muHash(this.#runId), mu) ? takePair() : undefined
    } finally {
      kernel.clearMultiplication()
    }
  }

  erase(): void {
    this.#choices.fill(0)
    this.#pads.fill(0)
    this.input.fill(0)
  }
}

/** Alice: undefined when Bob's request fails the OT extension's check; otherwise her side of the multiplication. */
export const rvoleAlice = (
  material: PairMaterial,
  session: Uint8Array,
  bob: number,
  request: Uint8Array,
): RvoleAlice | undefined => {
  const runId = runIdOf(material, session, bob)
  const extended = extendAsSender(material.punctured, material.positions, material.delta, runId, request)
  return extended && new RvoleAlice(runId, material.gadget.peer, extended.pads0, extended.pads1)
}

export class RvoleAlice {
  readonly #runId: Uint8Array
  readonly #gadget: Uint8Array
  readonly #pads0: Uint8Array
  readonly #pads1: Uint8Array

  constructor(runId: Uint8Array, gadget: Uint8Array, pads0: Uint8Array, pads1: Uint8Array) {
    this.#runId = runId
    this.#gadget = gadget
    this.#pads0 = pads0
    this.#pads1 = pads1
  }

  /**
   * Her reply, and c[0], c[1].
   * @param checks uniform scalars, used once: the inputs of the check columns
   */
  multiply(
    input: readonly [Scalar, Scalar],
    checks: readonly [Scalar, Scalar],
  ): { reply: Uint8Array; output: [Scalar, Scalar] } {
    try {
      put(kernel.pads, this.#pads0)
      put(kernel.otherPads, this.#pads1)
      put(kernel.gadget, this.#gadget)
      put(kernel.inputs, concat(...input, ...checks))
      kernel.maskMatrix()
      const matrix = view(kernel.matrix, MATRIX_LENGTH)
      put(kernel.theta, thetas(this.#runId, matrix))
      kernel.aliceCheck()
      return { reply: concat(matrix, view(kernel.eta, ETA_LENGTH), muHash(this.#runId)), output: takePair() }
    } finally {
      kernel.clearMultiplication()
    }
  }

  erase(): void {
    this.#pads0.fill(0)
    this.#pads1.fill(0)
  }
}
