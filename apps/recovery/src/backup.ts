import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { equalBytes, fromBase64, toHex } from '@trivault/codec'
import { backupFailure, type KeyReport, MpcError, recoverKey } from '@trivault/mpc'
import { type BackupFile, backupContext, type Curve, decodeBackupFile } from '@trivault/protocol'
import { childOf, type MasterKey } from './derive.ts'
import { RecoveryError } from './errors.ts'

const nodes = 3

/** The engine's name of each curve, and how long its points are. */
const curves: Readonly<Record<Curve, { name: KeyReport['curve']; pointLength: number }>> = {
  ECDSA_SECP256K1: { name: 'secp256k1', pointLength: 33 },
  EdDSA_Ed25519: { name: 'ed25519', pointLength: 32 },
}

/** Reads a backup, as bytes or as base64 text. Throws `RecoveryError` backup. */
export function readBackup(raw: Uint8Array): BackupFile {
  const file = decodeEither(raw)
  if (file.version !== 1)
    throw new RecoveryError('backup', `backup format ${file.version} is unknown: use a newer trivault-recovery`)
  const { pointLength } = curves[file.curve]
  if ([file.publicKey, ...file.publicShares].some(point => point.length !== pointLength))
    throw new RecoveryError('backup', `the public keys of the backup are not on ${file.curve}`)
  if (file.blobs.length !== nodes || file.publicShares.length !== nodes)
    throw new RecoveryError(
      'backup',
      `exactly ${nodes} shares are needed, the backup holds ${file.blobs.length} of ${file.publicShares.length}`,
    )
  return file
}

function decodeEither(raw: Uint8Array): BackupFile {
  try {
    return decodeBackupFile(raw[0] === 1 ? raw : fromBase64(new TextDecoder().decode(raw).trim()))
  } catch (cause) {
    throw new RecoveryError('backup', 'this is no master key backup, or it is cut off', { cause })
  }
}

/** Checks each share's proof against the ERS public key (SPKI DER), its public share and its context. */
export function verifyBackup(file: BackupFile, ersPublicKey: Uint8Array): void {
  const fingerprint = new Uint8Array(createHash('sha256').update(ersPublicKey).digest())
  if (!equalBytes(fingerprint, file.ersFingerprint))
    throw new RecoveryError(
      'ers-key',
      `the backup was made for the ERS key ${toHex(file.ersFingerprint)}, this is ${toHex(fingerprint)}`,
    )
  const { vaultId, masterKey, keyId, transcriptHash, chainCode } = file
  const curve = curves[file.curve].name
  for (let node = 0; node < nodes; node++) {
    const [blob, publicShare] = [file.blobs[node], file.publicShares[node]]
    if (blob === undefined || publicShare === undefined) throw new RecoveryError('backup', `share ${node} is missing`)
    const context = backupContext({ vaultId, masterKey, keyId, transcriptHash, chainCode, node })
    const failure = refusing(() => backupFailure(blob, { curve, publicShare, ersPublicKey, context }))
    if (failure !== undefined)
      throw new RecoveryError(
        'backup',
        `the share of node ${node} does not verify (check ${failure}): the backup was altered or mixed up`,
      )
  }
}

/**
 * The master private key behind a backup: verified, decrypted, joined, and compared with the public key.
 * Throws `RecoveryError`.
 */
export function rebuild(file: BackupFile, ersPrivateKey: KeyObject): MasterKey {
  verifyBackup(file, publicKeyOf(ersPrivateKey))
  const { publicKey, publicShares, chainCode, transcriptHash, blobs } = file
  const report: KeyReport = {
    curve: curves[file.curve].name,
    parties: nodes,
    threshold: nodes,
    publicKey,
    publicShares,
    chainCode,
    transcriptHash,
    epoch: 0,
  }
  const pem = String(ersPrivateKey.export({ format: 'pem', type: 'pkcs8' }))
  const key = { curve: file.curve, ...refusing(() => recoverKey(blobs, pem, report)) }
  if (!equalBytes(childOf(key, []).publicKey, publicKey))
    throw new RecoveryError('rebuild', 'the rebuilt key does not belong to the public key of the backup')
  return key
}

/** Reads the ERS private key. Throws `RecoveryError` ers-key. */
export function readErsKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    const key = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) })
    if (key.asymmetricKeyType === 'rsa') return key
  } catch (cause) {
    throw new RecoveryError(
      'ers-key',
      'the ERS key is not a readable PEM private key: if it is encrypted, give --ers-passphrase-file',
      { cause },
    )
  }
  throw new RecoveryError('ers-key', 'the ERS key must be an RSA key')
}

/** SPKI DER of a public or private key. */
export function publicKeyOf(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))
}

function refusing<T>(body: () => T): T {
  try {
    return body()
  } catch (cause) {
    if (cause instanceof MpcError)
      throw new RecoveryError(cause.code === 'ers-key' ? 'ers-key' : 'rebuild', cause.message, { cause })
    throw cause
  }
}
