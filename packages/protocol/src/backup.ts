import { bytes, type Codec, decode, encode, fixed, list, struct, text, u8, type ValueOf, word } from '@trivault/codec'
import { curves } from './commands.ts'

const contextCodec = struct({
  vaultId: fixed(32),
  masterKey: text(128),
  keyId: fixed(32),
  transcriptHash: fixed(32),
  /** Nothing else in a backup file tells a false chain code, and with it false addresses, from the true one. */
  chainCode: fixed(32),
  node: u8,
})

/** What one share's backup is bound to: vault, key, key generation, chain code and node. */
export function backupContext(of: ValueOf<typeof contextCodec>): Uint8Array {
  return encode(contextCodec, of)
}

/** A self-contained backup of one master key on one curve: what `backupMasterKey` returns and the recovery tool reads. */
export const backupFileCodec = struct({
  version: u8,
  vaultId: fixed(32),
  masterKey: text(128),
  keyId: fixed(32),
  curve: word(curves),
  ersFingerprint: fixed(32),
  publicKey: bytes(33),
  publicShares: list(bytes(33), 3),
  chainCode: fixed(32),
  transcriptHash: fixed(32),
  /** Shares of nodes 0, 1, 2, each encrypted to the ERS key with its proof. */
  blobs: list(bytes(400_000), 3),
})
export type BackupFile = ValueOf<typeof backupFileCodec>

export const encodeBackupFile = (file: BackupFile): Uint8Array => encode(backupFileCodec as Codec<BackupFile>, file)
/** Throws `CodecError`. */
export const decodeBackupFile = (raw: Uint8Array): BackupFile => decode(backupFileCodec as Codec<BackupFile>, raw)
