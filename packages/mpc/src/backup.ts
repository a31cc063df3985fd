import type { KeyReport, KeyShare } from './keyshare.ts'
import type { Random } from './session.ts'

/** What a backup is bound to (vault, key, party, …): opaque bytes, at most 1024. */
export type BackupContext = Uint8Array

export const encryptBackup = (
  _share: KeyShare,
  _options: { ersPublicKey: Uint8Array; context: BackupContext; random: Random },
): Uint8Array => {
  throw new Error('not yet')
}
export const verifyBackup = (
  _blob: Uint8Array,
  _expected: { publicShare: Uint8Array; ersPublicKey: Uint8Array; context: BackupContext },
): boolean => {
  throw new Error('not yet')
}
export const recoverKey = (
  _blobs: readonly Uint8Array[],
  _ersPrivateKeyPem: string,
  _report: KeyReport,
): { privateKey: Uint8Array; chainCode: Uint8Array } => {
  throw new Error('not yet')
}
