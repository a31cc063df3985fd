import { toBase64 } from '@trivault/codec'
import { deviceKeyId } from '@trivault/vault-state'

/** A device key as it is kept: WebCrypto never lets the private half out. */
export interface KeptKey {
  readonly privateKey: CryptoKey
  /** Uncompressed P-256 point, base64. */
  readonly publicKey: string
  /** Hex SHA-256 of the point. */
  readonly keyId: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }

/** Makes a P-256 key that cannot be exported. */
export async function makeKey(): Promise<KeptKey> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))
  return { privateKey, publicKey: toBase64(point), keyId: deviceKeyId(point) }
}

/** ECDSA over SHA-256 of `message`, ASN.1 DER. */
export async function signWith({ privateKey }: KeptKey, message: Uint8Array): Promise<Uint8Array> {
  const bytes = new Uint8Array(message)
  return derOf(new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, bytes)))
}

/** DER of a signature that WebCrypto gives as r ‖ s, 32 bytes each (IEEE P1363). */
export function derOf(signature: Uint8Array): Uint8Array {
  const body = [...integer(signature.subarray(0, 32)), ...integer(signature.subarray(32, 64))]
  return Uint8Array.of(0x30, body.length, ...body)
}

function integer(bytes: Uint8Array): number[] {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = [...bytes.subarray(start)]
  const positive = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits
  return [0x02, positive.length, ...positive]
}
