import { p256 } from '@noble/curves/nist.js'
import { utf8 } from '@trivault/codec'
import { sha256 } from '@trivault/protocol'

/** Somebody with a device key, made from the id and the number of the device. */
export class Person {
  readonly id: string
  readonly publicKey: Uint8Array
  readonly #secret: Uint8Array

  constructor(id: string, device = 1) {
    this.id = id
    this.#secret = sha256(utf8(`device ${device} of ${id}`))
    this.publicKey = p256.getPublicKey(this.#secret, false)
  }

  get keyId(): Uint8Array {
    return sha256(this.publicKey)
  }

  /** ECDSA P-256 over SHA-256 of the message, ASN.1 DER. */
  sign(message: Uint8Array): Uint8Array {
    return p256.sign(message, this.#secret, { prehash: true, lowS: false, format: 'der' })
  }
}
