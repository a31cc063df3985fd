/** 33 bytes, compressed. */
export type Point = Uint8Array

/** What an implementation of secp256k1 does here. */
export type Backend = {
  /** scalar · G, scalar in 1..q-1. */
  base(scalar: Uint8Array): Point
  /** scalar · point, scalar in 1..q-1 and secret. */
  multiply(point: Point, scalar: Uint8Array): Point
  /** Sum, or undefined for the identity. */
  sum(points: readonly Point[]): Point | undefined
  /** scalar · point for public scalars. */
  multiplyPublic(point: Point, scalar: Uint8Array): Point
  negate(point: Point): Point
  isPoint(bytes: Uint8Array): boolean
  verify(signature: Uint8Array, digest: Uint8Array, publicKey: Point): boolean
  /** The key under which r ‖ s verifies and whose nonce point has this parity (SEC 1 §4.1.6, j = 0), 65 bytes. */
  recover(signature: Uint8Array, recovery: 0 | 1, digest: Uint8Array): Uint8Array | undefined
}

/** What of the binding of libsecp256k1 is used. `output` is filled and returned. */
export type NativeModule = {
  publicKeyCreate(secret: Uint8Array, compressed: boolean, output: Uint8Array): Uint8Array
  publicKeyCombine(points: Uint8Array[], compressed: boolean, output: Uint8Array): Uint8Array
  publicKeyNegate(point: Uint8Array, compressed: boolean, output: Uint8Array): Uint8Array
  publicKeyVerify(point: Uint8Array): boolean
  publicKeyTweakMul(point: Uint8Array, scalar: Uint8Array, compressed: boolean, output: Uint8Array): Uint8Array
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
  ecdsaRecover(
    signature: Uint8Array,
    recovery: number,
    digest: Uint8Array,
    compressed: boolean,
    output: Uint8Array,
  ): Uint8Array
  ecdh(
    point: Uint8Array,
    secret: Uint8Array,
    options: { hashfn: (x: Uint8Array, y: Uint8Array) => Uint8Array; xbuf: Uint8Array; ybuf: Uint8Array },
    output: Uint8Array,
  ): Uint8Array
}

/**
 * Memory outside the JavaScript heap. An array of the heap that is handed to native code moves there for good, which costs three
 * allocations and the collector's work; so arguments and results are copied to and from areas that stay.
 */
const outside = (length: number): Uint8Array => new Uint8Array(new ArrayBuffer(length))

const load = (area: Uint8Array, bytes: Uint8Array): Uint8Array => {
  if (bytes.length !== area.length) throw new RangeError(`${area.length} bytes expected, ${bytes.length} given`)
  area.set(bytes)
  return area
}

/** Areas for a point, which hashing to the curve gives uncompressed. */
const pointAreas = () => ({ compressed: outside(33), whole: outside(65) })

const loadPoint = (areas: ReturnType<typeof pointAreas>, point: Uint8Array): Uint8Array =>
  load(point.length === 65 ? areas.whole : areas.compressed, point)

/** Operations by libsecp256k1. Its multiplications by secret scalars are constant-time. */
export const nativeBackend = (lib: NativeModule): Backend => {
  const scalarArea = outside(32)
  const pointArea = pointAreas()
  const result = outside(33)
  const signatureArea = outside(64)
  const digestArea = outside(32)
  const recovered = outside(65)
  const terms: ReturnType<typeof pointAreas>[] = []
  const compressed = outside(33)
  const coordinates = {
    xbuf: outside(32),
    ybuf: outside(32),
    hashfn: (x: Uint8Array, y: Uint8Array): Uint8Array => {
      compressed[0] = 2 | ((y[31] ?? 0) & 1)
      compressed.set(x, 1)
      return compressed
    },
  }
  /** Calls with the scalar, which is gone afterwards; the point that comes out is a copy. */
  const withScalar = (scalar: Uint8Array, call: (scalar: Uint8Array) => Uint8Array): Point => {
    try {
      return call(load(scalarArea, scalar)).slice()
    } finally {
      scalarArea.fill(0)
    }
  }
  return {
    base: scalar => withScalar(scalar, secret => lib.publicKeyCreate(secret, true, result)),
    multiply: (point, scalar) =>
      withScalar(scalar, secret => lib.ecdh(loadPoint(pointArea, point), secret, coordinates, result)),
    sum: points => {
      while (terms.length < points.length) terms.push(pointAreas())
      const areas = points.map((point, i) => loadPoint(terms[i] ?? pointAreas(), point))
      try {
        return lib.publicKeyCombine(areas, true, result).slice()
      } catch {
        // Every input is a valid point, so the only possible cause is the identity as sum.
        return undefined
      }
    },
    multiplyPublic: (point, scalar) =>
      withScalar(scalar, factor => lib.publicKeyTweakMul(loadPoint(pointArea, point), factor, true, result)),
    negate: point => lib.publicKeyNegate(loadPoint(pointArea, point), true, result).slice(),
    isPoint: bytes => lib.publicKeyVerify(loadPoint(pointArea, bytes)),
    verify: (signature, digest, publicKey) => {
      try {
        return lib.ecdsaVerify(
          load(signatureArea, signature),
          load(digestArea, digest),
          loadPoint(pointArea, publicKey),
        )
      } catch {
        return false
      }
    },
    recover: (signature, recovery, digest) => {
      try {
        const areas = [load(signatureArea, signature), load(digestArea, digest)] as const
        return lib.ecdsaRecover(areas[0], recovery, areas[1], false, recovered).slice()
      } catch {
        return undefined
      }
    },
  }
}
