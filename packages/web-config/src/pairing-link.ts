import { toBase64Url } from '@trivault/codec'

/**
 * The link behind a pairing QR code: it names the vault (id of 32 bytes), so that a device need not believe the wallet about the
 * nodes' keys. The part behind # stays on the device.
 */
export function pairingLink(approverUrl: string, vaultId: Uint8Array): string {
  return `${approverUrl}/pair#vault=${toBase64Url(vaultId)}`
}
