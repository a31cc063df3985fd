import { constants, createPrivateKey, createPublicKey, type KeyObject, privateDecrypt } from 'node:crypto'
import { boundRandom } from './bound-random.ts'
import { equalBytes } from './bytes.ts'
import type { Point } from './curve.ts'
import { MpcError, type MpcErrorCode } from './errors.ts'
import { type Curve, type Group, groupOf, isSamePoint } from './group.ts'
import { hash, indexBytes } from './hash.ts'
import { isConsistent, type KeyReport, KeyShare } from './keyshare.ts'
import { bytes, encode, list, parse, Refused, record, where } from './layout.ts'
import { OAEP_SEED_LENGTH, oaepEncrypt, parseRsaPublicKey, type RsaPublicKey } from './oaep.ts'
import { lagrange, mod, SCALAR_LENGTH } from './scalar.ts'
import type { Random } from './session.ts'

/**
 * Publicly verifiable backup of a key share to an RSA key: cut and choose over RSA-OAEP (SPEC.md section 8).
 * Per instance i the prover encrypts r_i and r_i + x under separate seeds; the challenge bit says which of the two is
 * opened. Whoever verified at least one honest instance knows that the RSA key's owner can compute x.
 */

/** What a backup is bound to (vault, key, party, …): opaque bytes, at most 1024. */
export type BackupContext = Uint8Array

/** First byte of a blob. */
const FORMATS: Readonly<Record<Curve, number>> = { secp256k1: 1, ed25519: 2 }
const INSTANCES = 128
const CHALLENGE_LENGTH = INSTANCES / 8
const MAX_CONTEXT = 1024
const FINGERPRINT_LENGTH = 32

/** The blob: its length follows from the length of its context and of the RSA modulus. */
const backupLayout = (group: Group, contextLength: number, modulusLength: number) =>
  record({
    format: where(value => value[0] === FORMATS[group.name], 1, 'B1'),
    contextLength: bytes(2),
    context: bytes(contextLength),
    fingerprint: bytes(FINGERPRINT_LENGTH),
    publicShare: bytes(group.pointLength),
    challenge: bytes(CHALLENGE_LENGTH),
    instances: list(
      INSTANCES,
      record({ opened: bytes(SCALAR_LENGTH), seed: bytes(OAEP_SEED_LENGTH), ciphertext: bytes(modulusLength) }),
    ),
  })
type Blob = Exclude<ReturnType<ReturnType<typeof backupLayout>['take']>, Refused>

const statementOf = (group: Group, context: Uint8Array, fingerprint: Uint8Array, publicShare: Point): Uint8Array =>
  hash('backup/statement', new TextEncoder().encode(group.name), context, fingerprint, publicShare)

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
 * Encrypts a share of either curve to the ERS key with its proof: format u8 (names the curve), context (u16 length), key fingerprint, public share,
 * challenge, then per instance the opened scalar, its seed and the other ciphertext. About 57 KB for RSA-3072.
 * @param options.ersPublicKey SPKI DER, RSA with at least 3072 bits
 * @throws MpcError `ers-key`, `invalid-argument`
 */
export const encryptBackup = (
  share: KeyShare,
  options: { ersPublicKey: Uint8Array; context: BackupContext; random: Random },
): Uint8Array => {
  const { context } = options
  checkContext(context)
  const rsa = parseRsaPublicKey(options.ersPublicKey)
  const publicShare = share.publicShares[share.self - 1] ?? new Uint8Array()
  const group = groupOf(share.curve)
  const statement = statementOf(group, context, rsa.fingerprint, publicShare)
  const random = boundRandom(options.random, statement, KeyShare.secretOf(share))
  const instances = Array.from({ length: INSTANCES }, (_, instance) => {
    const nonce = group.randomScalar(random)
    const scalars = [nonce, group.add(nonce, KeyShare.secretOf(share))] as const
    const seeds = [random(OAEP_SEED_LENGTH), random(OAEP_SEED_LENGTH)] as const
    const encrypt = (side: 0 | 1): Uint8Array =>
      oaepEncrypt(rsa, scalars[side], labelOf(statement, instance, side), seeds[side])
    return {
      scalars,
      seeds,
      ciphertexts: [encrypt(0), encrypt(1)] as const,
      noncePoint: group.base(nonce) ?? new Uint8Array(),
    }
  })
  const rows = instances.flatMap(({ noncePoint, ciphertexts }) => [noncePoint, ...ciphertexts])
  const challenge = challengeOf(statement, rows)
  const blob = encodeBackup(group, rsa.modulusLength, {
    format: Uint8Array.of(FORMATS[share.curve]),
    contextLength: Uint8Array.of(context.length >> 8, context.length & 255),
    context,
    fingerprint: rsa.fingerprint,
    publicShare,
    challenge,
    instances: instances.map(({ scalars, seeds, ciphertexts }, instance) => {
      const side = bitOf(challenge, instance)
      return { opened: scalars[side], seed: seeds[side], ciphertext: ciphertexts[side === 0 ? 1 : 0] }
    }),
  })
  for (const { scalars, seeds } of instances) for (const secret of [...scalars, ...seeds]) secret.fill(0)
  return blob
}

/** Undefined unless the blob is one of this curve and has exactly the length its header and the modulus length imply. */
export const parseBackup = (group: Group, blob: Uint8Array, modulusLength: number): Blob | undefined => {
  const contextLength = (blob[1] ?? 0) * 256 + (blob[2] ?? 0)
  if (contextLength > MAX_CONTEXT) return undefined
  const parsed = parse(backupLayout(group, contextLength, modulusLength), blob)
  return parsed instanceof Refused ? undefined : parsed
}

/** Inverse of `parseBackup`. */
export const encodeBackup = (group: Group, modulusLength: number, blob: Blob): Uint8Array =>
  encode(backupLayout(group, blob.context.length, modulusLength), blob)

/** What a verifier expects; none of it is taken from the blob. Public share 33 bytes (Ed25519: 32), ERS key as SPKI DER. */
export type ExpectedBackup = {
  curve: Curve
  publicShare: Uint8Array
  ersPublicKey: Uint8Array
  context: BackupContext
}

/**
 * The number of the first check that a backup fails (SPEC.md section 8: B1 to B5), or undefined when it is sound.
 * @param blob as `encryptBackup` returns it, of any length: it is hostile input
 * @throws MpcError `ers-key` when the *expected* ERS key is unusable, `invalid-argument` for an oversized context
 */
export const backupFailure = (blob: Uint8Array, expected: ExpectedBackup): string | undefined => {
  checkContext(expected.context)
  const rsa = parseRsaPublicKey(expected.ersPublicKey)
  const group = groupOf(expected.curve)
  const parsed = parseBackup(group, blob, rsa.modulusLength)
  if (parsed === undefined) return 'B1'
  if (!equalBytes(parsed.fingerprint, rsa.fingerprint) || !equalBytes(parsed.context, expected.context)) return 'B2'
  if (!group.isPoint(parsed.publicShare) || !equalBytes(parsed.publicShare, expected.publicShare)) return 'B3'
  return verifyInstances(group, parsed, rsa)
}

/** Repeats every opened encryption and recomputes the nonce points; only then can the challenge come out the same. */
const verifyInstances = (group: Group, blob: Blob, rsa: RsaPublicKey): string | undefined => {
  const statement = statementOf(group, blob.context, blob.fingerprint, blob.publicShare)
  const minusShare = group.negate(blob.publicShare)
  const rows: Uint8Array[] = []
  for (const [instance, { opened, seed, ciphertext }] of blob.instances.entries()) {
    const side = bitOf(blob.challenge, instance)
    const openedPoint = group.isScalar(opened) ? group.base(opened) : undefined
    const noncePoint = side === 0 ? openedPoint : openedPoint && group.sum(openedPoint, minusShare)
    if (noncePoint === undefined) return 'B4'
    const repeated = oaepEncrypt(rsa, opened, labelOf(statement, instance, side), seed)
    rows.push(noncePoint, ...(side === 0 ? [repeated, ciphertext] : [ciphertext, repeated]))
  }
  return equalBytes(challengeOf(statement, rows), blob.challenge) ? undefined : 'B5'
}

/**
 * Is the blob a sound backup of the secret behind `publicShare`, for this ERS key and context (SPEC.md section 8)?
 * @throws MpcError as `backupFailure`
 */
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
const openBlob = (group: Group, blob: Blob, privateKey: KeyObject): bigint | undefined => {
  const statement = statementOf(group, blob.context, blob.fingerprint, blob.publicShare)
  for (const [instance, { opened, ciphertext }] of blob.instances.entries()) {
    const side = bitOf(blob.challenge, instance)
    const other = decrypt(privateKey, ciphertext, labelOf(statement, instance, side === 0 ? 1 : 0))
    if (other === undefined || ![opened, other].every(group.isScalar)) continue
    const share = side === 0 ? group.subtract(other, opened) : group.subtract(opened, other)
    if (isSamePoint(group.base(share), blob.publicShare)) return group.valueOf(share)
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

/** A backup that gave no share. `party` is set where the backup says whose share of this key it holds. */
export type RefusedBackup = { position: number; party?: number; code: MpcErrorCode; reason: string }

/** The share in a backup, and whose it is. */
const openBackup = (
  blobBytes: Uint8Array,
  position: number,
  keys: { privateKey: KeyObject; rsa: RsaPublicKey },
  report: KeyReport,
): { party: number; share: bigint } | RefusedBackup => {
  const group = groupOf(report.curve)
  const blob = parseBackup(group, blobBytes, keys.rsa.modulusLength)
  if (blob === undefined)
    return { position, code: 'malformed', reason: 'is not a backup on this curve for this ERS key' }
  if (!equalBytes(blob.fingerprint, keys.rsa.fingerprint)) {
    return { position, code: 'ers-key', reason: 'was made for another ERS key' }
  }
  const party = 1 + report.publicShares.findIndex(point => equalBytes(point, blob.publicShare))
  if (party === 0) return { position, code: 'recovery', reason: 'does not belong to this key' }
  const share = openBlob(group, blob, keys.privateKey)
  return share === undefined ? { position, party, code: 'recovery', reason: 'cannot be opened' } : { party, share }
}

const describe = ({ position, party, reason }: RefusedBackup): string =>
  `backup ${position + 1}${party === undefined ? '' : ` (party ${party})`} ${reason}`

/**
 * Rebuilds a master key from at least `threshold` backups of different parties. Bad backups beyond that number do not
 * matter: they are reported.
 * @param blobs backups in any order
 * @param ersPrivateKeyPem RSA private key, PEM (PKCS#8 or PKCS#1), unencrypted
 * @returns the 32-byte master private key, checked against the report's public key, the chain code, and what was refused
 * @throws MpcError `ers-key`, `malformed`, `recovery`; the message says for each bad backup whose it is and why
 */
export const recoverKey = (
  blobs: readonly Uint8Array[],
  ersPrivateKeyPem: string,
  report: KeyReport,
): { privateKey: Uint8Array; chainCode: Uint8Array; refused: RefusedBackup[] } => {
  if (!isConsistent(report)) throw new MpcError('malformed', 'the public shares of the key report do not fit its key')
  const privateKey = parsePrivateKey(ersPrivateKeyPem)
  const rsa = parseRsaPublicKey(new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })))
  const shares = new Map<number, bigint>()
  const refused: RefusedBackup[] = []
  for (const [position, blob] of blobs.entries()) {
    const opened = openBackup(blob, position, { privateKey, rsa }, report)
    if ('share' in opened) shares.set(opened.party, opened.share)
    else refused.push(opened)
  }
  if (shares.size < report.threshold) {
    const count = `${shares.size} of ${report.threshold} necessary different shares`
    throw new MpcError(refused[0]?.code ?? 'recovery', [count, ...refused.map(describe)].join('; '))
  }
  const group = groupOf(report.curve)
  const indexes = [...shares.keys()]
  let secret = 0n
  for (const [index, share] of shares) {
    secret = mod(secret + lagrange(index, indexes, group.order) * share, group.order)
  }
  const rebuilt = group.scalarOf(secret)
  if (!isSamePoint(group.base(rebuilt), report.publicKey)) {
    throw new MpcError('recovery', 'the shares do not open the key')
  }
  return { privateKey: rebuilt, chainCode: new Uint8Array(report.chainCode), refused }
}
