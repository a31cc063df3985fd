import { constants, createPrivateKey, createPublicKey, type KeyObject, privateDecrypt } from 'node:crypto'
import { concat, equalBytes, Fields } from './bytes.ts'
import { basePoint, curve, isPoint, POINT_LENGTH, type Point, samePoint, sum } from './curve.ts'
import { MpcError } from './errors.ts'
import { hash, indexBytes } from './hash.ts'
import { add, randomSecret } from './kernel/scalar.ts'
import { isConsistent, type KeyReport, KeyShare } from './keyshare.ts'
import { OAEP_SEED_LENGTH, oaepEncrypt, parseRsaPublicKey, type RsaPublicKey } from './oaep.ts'
import { lagrange, mod, parseScalar, SCALAR_LENGTH, scalarBytes } from './scalar.ts'
import { type Random, strictRandom } from './session.ts'

/**
 * Publicly verifiable backup of a key share to an RSA key: cut and choose over RSA-OAEP (SPEC.md section 8).
 * Per instance i the prover encrypts r_i and r_i + x under separate seeds; the challenge bit says which of the two is
 * opened. Whoever verified at least one honest instance knows that the RSA key's owner can compute x.
 */

/** What a backup is bound to (vault, key, party, …): opaque bytes, at most 1024. */
export type BackupContext = Uint8Array

const FORMAT = 1
const INSTANCES = 128
const CHALLENGE_LENGTH = INSTANCES / 8
const MAX_CONTEXT = 1024
const FINGERPRINT_LENGTH = 32
const OPENING_LENGTH = SCALAR_LENGTH + OAEP_SEED_LENGTH

type Blob = {
  context: Uint8Array
  fingerprint: Uint8Array
  publicShare: Point
  challenge: Uint8Array
  instances: { opened: Uint8Array; seed: Uint8Array; ciphertext: Uint8Array }[]
}

const statementOf = (context: Uint8Array, fingerprint: Uint8Array, publicShare: Point): Uint8Array =>
  hash('backup/statement', context, fingerprint, publicShare)

/** Binds each ciphertext to statement, instance and side, so that none can stand in for another. */
const labelOf = (statement: Uint8Array, instance: number, side: number): Uint8Array =>
  hash('backup/label', statement, indexBytes([instance, side]))

/** @param rows nonce point and both ciphertexts of each instance */
const challengeOf = (statement: Uint8Array, rows: readonly Uint8Array[]): Uint8Array =>
  hash('backup/challenge', statement, ...rows).slice(0, CHALLENGE_LENGTH)

const bitOf = (challenge: Uint8Array, instance: number): 0 | 1 =>
  (((challenge[instance >> 3] ?? 0) >> (instance & 7)) & 1) === 1 ? 1 : 0

const checkContext = (context: Uint8Array): void => {
  if (context.length > MAX_CONTEXT) {
    throw new MpcError('invalid-argument', `backup context is longer than ${MAX_CONTEXT} bytes`)
  }
}

/**
 * Encrypts a share to the ERS key with its proof: format u8, context (u16 length), key fingerprint, public share,
 * challenge, then per instance the opened scalar, its seed and the other ciphertext. About 57 KB for RSA-3072.
 * @param options.ersPublicKey SPKI DER, RSA with at least 3072 bits
 * @throws MpcError `ers-key`, `invalid-argument`
 */
export const encryptBackup = (
  share: KeyShare,
  options: { ersPublicKey: Uint8Array; context: BackupContext; random: Random },
): Uint8Array => {
  const { context } = options
  const random = strictRandom(options.random)
  checkContext(context)
  const rsa = parseRsaPublicKey(options.ersPublicKey)
  const publicShare = share.publicShares[share.self - 1] ?? new Uint8Array()
  const statement = statementOf(context, rsa.fingerprint, publicShare)
  const instances = Array.from({ length: INSTANCES }, (_, instance) => {
    const nonce = randomSecret(random)
    const scalars = [nonce, add(nonce, KeyShare.secretOf(share))] as const
    const seeds = [random(OAEP_SEED_LENGTH), random(OAEP_SEED_LENGTH)] as const
    const encrypt = (side: 0 | 1): Uint8Array =>
      oaepEncrypt(rsa, scalars[side], labelOf(statement, instance, side), seeds[side])
    return { scalars, seeds, ciphertexts: [encrypt(0), encrypt(1)] as const, noncePoint: curve.base(scalars[0]) }
  })
  const rows = instances.flatMap(({ noncePoint, ciphertexts }) => [noncePoint, ...ciphertexts])
  const challenge = challengeOf(statement, rows)
  const body = instances.map(({ scalars, seeds, ciphertexts }, instance) => {
    const side = bitOf(challenge, instance)
    return concat(scalars[side], seeds[side], ciphertexts[side === 0 ? 1 : 0])
  })
  for (const { scalars, seeds } of instances) for (const secret of [...scalars, ...seeds]) secret.fill(0)
  const length = Uint8Array.of(context.length >> 8, context.length & 255)
  return concat(Uint8Array.of(FORMAT), length, context, rsa.fingerprint, publicShare, challenge, ...body)
}

/** Undefined unless the blob has exactly the length its header and the modulus length imply. */
const parseBlob = (blob: Uint8Array, modulusLength: number): Blob | undefined => {
  const [format, high, low] = blob
  if (format !== FORMAT || high === undefined || low === undefined) return undefined
  const contextLength = high * 256 + low
  const fixed = 3 + contextLength + FINGERPRINT_LENGTH + POINT_LENGTH + CHALLENGE_LENGTH
  if (contextLength > MAX_CONTEXT || blob.length !== fixed + INSTANCES * (OPENING_LENGTH + modulusLength))
    return undefined
  const fields = new Fields(blob.subarray(3))
  return {
    context: fields.take(contextLength),
    fingerprint: fields.take(FINGERPRINT_LENGTH),
    publicShare: fields.take(POINT_LENGTH),
    challenge: fields.take(CHALLENGE_LENGTH),
    instances: Array.from({ length: INSTANCES }, () => ({
      opened: fields.take(SCALAR_LENGTH),
      seed: fields.take(OAEP_SEED_LENGTH),
      ciphertext: fields.take(modulusLength),
    })),
  }
}

/** What a verifier expects; none of it is taken from the blob. */
export type ExpectedBackup = { publicShare: Uint8Array; ersPublicKey: Uint8Array; context: BackupContext }

/**
 * The number of the first check that a backup fails (SPEC.md section 8: B1 to B5), or undefined when it is sound.
 * @throws MpcError `ers-key` when the *expected* ERS key is unusable, `invalid-argument` for an oversized context
 */
export const backupFailure = (blob: Uint8Array, expected: ExpectedBackup): string | undefined => {
  checkContext(expected.context)
  const rsa = parseRsaPublicKey(expected.ersPublicKey)
  const parsed = parseBlob(blob, rsa.modulusLength)
  if (parsed === undefined) return 'B1'
  if (!equalBytes(parsed.fingerprint, rsa.fingerprint) || !equalBytes(parsed.context, expected.context)) return 'B2'
  if (!isPoint(parsed.publicShare) || !equalBytes(parsed.publicShare, expected.publicShare)) return 'B3'
  return verifyInstances(parsed, rsa)
}

/** Repeats every opened encryption and recomputes the nonce points; only then can the challenge come out the same. */
const verifyInstances = (blob: Blob, rsa: RsaPublicKey): string | undefined => {
  const statement = statementOf(blob.context, blob.fingerprint, blob.publicShare)
  const minusShare = curve.negate(blob.publicShare)
  const rows: Uint8Array[] = []
  for (const [instance, { opened, seed, ciphertext }] of blob.instances.entries()) {
    const side = bitOf(blob.challenge, instance)
    const scalar = parseScalar(opened)
    const openedPoint = scalar === undefined ? undefined : basePoint(scalar)
    const noncePoint = side === 0 ? openedPoint : openedPoint === undefined ? undefined : sum(openedPoint, minusShare)
    if (noncePoint === undefined) return 'B4'
    const repeated = oaepEncrypt(rsa, opened, labelOf(statement, instance, side), seed)
    rows.push(noncePoint, ...(side === 0 ? [repeated, ciphertext] : [ciphertext, repeated]))
  }
  return equalBytes(challengeOf(statement, rows), blob.challenge) ? undefined : 'B5'
}

/** Is the blob a sound backup of the secret behind `publicShare`, for this ERS key and context? Throws as `backupFailure`. */
export const verifyBackup = (blob: Uint8Array, expected: ExpectedBackup): boolean =>
  backupFailure(blob, expected) === undefined

const parsePrivateKey = (pem: string): KeyObject => {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new MpcError('ers-key', 'ERS private key: not a PEM private key', { cause })
  }
}

/** The share behind one blob: any instance whose unopened side decrypts to the matching scalar gives it. */
const openBlob = (blob: Blob, privateKey: KeyObject): bigint | undefined => {
  const statement = statementOf(blob.context, blob.fingerprint, blob.publicShare)
  for (const [instance, { opened, ciphertext }] of blob.instances.entries()) {
    const side = bitOf(blob.challenge, instance)
    const known = parseScalar(opened)
    const other = decrypt(privateKey, ciphertext, labelOf(statement, instance, side === 0 ? 1 : 0))
    const hidden = other === undefined ? undefined : parseScalar(other)
    if (known === undefined || hidden === undefined) continue
    const share = side === 0 ? mod(hidden - known) : mod(known - hidden)
    if (samePoint(basePoint(share), blob.publicShare)) return share
  }
  return undefined
}

const decrypt = (key: KeyObject, ciphertext: Uint8Array, label: Uint8Array): Uint8Array | undefined => {
  const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from(label) }
  try {
    return new Uint8Array(privateDecrypt(options, ciphertext))
  } catch {
    return undefined
  }
}

/**
 * Rebuilds a master key from at least `threshold` backups of different parties.
 * @param blobs backups in any order
 * @param ersPrivateKeyPem RSA private key, PEM (PKCS#8 or PKCS#1), unencrypted
 * @returns the 32-byte master private key, checked against the report's public key, and the chain code
 * @throws MpcError `ers-key`, `malformed`, `recovery`
 */
export const recoverKey = (
  blobs: readonly Uint8Array[],
  ersPrivateKeyPem: string,
  report: KeyReport,
): { privateKey: Uint8Array; chainCode: Uint8Array } => {
  if (!isConsistent(report)) throw new MpcError('malformed', 'the public shares of the key report do not fit its key')
  const privateKey = parsePrivateKey(ersPrivateKeyPem)
  const rsa = parseRsaPublicKey(new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })))
  const shares = new Map<number, bigint>()
  for (const [position, bytes] of blobs.entries()) {
    const blob = parseBlob(bytes, rsa.modulusLength)
    if (blob === undefined) throw new MpcError('malformed', `backup ${position + 1} is not a backup for this ERS key`)
    if (!equalBytes(blob.fingerprint, rsa.fingerprint)) {
      throw new MpcError('ers-key', `backup ${position + 1} was made for another ERS key`)
    }
    const index = 1 + report.publicShares.findIndex(point => equalBytes(point, blob.publicShare))
    if (index === 0) throw new MpcError('recovery', `backup ${position + 1} does not belong to this key`)
    const share = openBlob(blob, privateKey)
    if (share === undefined) throw new MpcError('recovery', `backup ${position + 1} cannot be opened`)
    shares.set(index, share)
  }
  if (shares.size < report.threshold) {
    throw new MpcError('recovery', `${shares.size} of ${report.threshold} necessary different shares`)
  }
  const indexes = [...shares.keys()]
  let secret = 0n
  for (const [index, share] of shares) secret = mod(secret + lagrange(index, indexes) * share)
  if (!samePoint(basePoint(secret), report.publicKey)) throw new MpcError('recovery', 'the shares do not open the key')
  return { privateKey: scalarBytes(secret), chainCode: new Uint8Array(report.chainCode) }
}
