import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** Raised when a file does not hold a device key. */
export class DeviceKeyError extends Error {
  override readonly name = 'DeviceKeyError'
  readonly code = 'not-a-device-key'
}

/**
 * A person's or bot's P-256 key. Approvals are ECDSA over SHA-256 of the exact intent bytes, ASN.1 DER.
 * The private form is base64 of SEC 1 `ECPrivateKey` DER, the public form base64 of the uncompressed point (65 bytes).
 */
export class DeviceKey {
  readonly #key: KeyObject
  /** Base64 of 0x04 ‖ X ‖ Y: what `setUserPublicKey` takes. */
  readonly publicKey: string

  private constructor(key: KeyObject) {
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
      throw new DeviceKeyError('a device key is an EC key on P-256')
    this.#key = key
    const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' })
    const point = [x, y].map(coordinate => Buffer.from(coordinate, 'base64url'))
    this.publicKey = Buffer.concat([Buffer.of(4), ...point]).toString('base64')
  }

  static generate(): DeviceKey {
    return new DeviceKey(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)
  }

  /** Reads base64 SEC 1 DER, or any PEM of an EC private key. Throws `DeviceKeyError`. */
  static parse(text: string): DeviceKey {
    try {
      const pem = text.includes('-----BEGIN')
      return new DeviceKey(
        pem
          ? createPrivateKey(text)
          : createPrivateKey({ key: Buffer.from(text.trim(), 'base64'), format: 'der', type: 'sec1' }),
      )
    } catch (cause) {
      throw cause instanceof DeviceKeyError ? cause : new DeviceKeyError('not an EC private key', { cause })
    }
  }

  /** The private key as base64 SEC 1 DER: for a file of mode 0600, nowhere else. */
  export(): string {
    return this.#key.export({ format: 'der', type: 'sec1' }).toString('base64')
  }

  /** Signature over `message`, base64: an `IntentSignature`. */
  sign(message: Uint8Array): string {
    return sign('sha256', message, { key: this.#key, dsaEncoding: 'der' }).toString('base64')
  }
}
