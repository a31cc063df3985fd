/** Name and value pairs bound to a ciphertext: it opens only with exactly the same pairs (AWS KMS encryption context). */
export type EncryptionContext = Readonly<Record<string, string>>

/** What a caller may bind into an attestation document. Absent and empty are the same. */
export type AttestationRequest = {
  /** DER SubjectPublicKeyInfo of the RSA key that a KMS shall encrypt its answer to; at most 1024 bytes. */
  readonly publicKey?: Uint8Array
  /** At most 512 bytes. */
  readonly userData?: Uint8Array
  /** At most 512 bytes. */
  readonly nonce?: Uint8Array
}

/** The hardware (or its software stand-in) that vouches for the code running in this process. */
export type AttestationPort = {
  /** @returns a signed attestation document, CBOR COSE_Sign1. */
  attest(request: AttestationRequest): Promise<Uint8Array>
}

/** A key management service that answers only to attested code. */
export type KmsPort = {
  /**
   * @param recipient attestation document whose public key the answer is encrypted to.
   * @returns CiphertextForRecipient: CMS EnvelopedData, BER; open it with `openCiphertextForRecipient`.
   */
  decrypt(request: {
    readonly ciphertext: Uint8Array
    readonly encryptionContext: EncryptionContext
    readonly recipient: Uint8Array
  }): Promise<Uint8Array>
}

/** Platform configuration registers by index, as measured: SHA-384 values of 48 bytes. */
export type Pcrs = ReadonlyMap<number, Uint8Array>
