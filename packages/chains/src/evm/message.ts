import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat, fromUtf8, utf8 } from '@trivault/codec'
import { ChainError } from '../errors.ts'
import { formatHex, parseHex } from '../hex.ts'
import { printable } from '../printable.ts'
import { type Chain, type Effects, type MessageEffects, signingTypes, type TypeOfSigning } from '../types.ts'
import { parseAddress } from './address.ts'
import { decodeTypedData } from './typed-data.ts'

const maxMessageBytes = 64 * 1024

export interface MessageRequest {
  readonly chain: Chain
  /** Address of the key that will sign. */
  readonly source: string
  readonly typeOfSigning: string
  /** `personal_sign`: text, or bytes as 0x hex. `eth_signTypedData_v4`: JSON text. `raw`: 32 bytes as 0x hex. */
  readonly dataToSign: string
}

/**
 * Decodes a generic signing request into effects. What a signed message sets free elsewhere is unknown, so every amount
 * criterion matches. Throws `ChainError` signing_type_unknown, message_malformed, hex_malformed, typed_data_malformed,
 * typed_data_other_chain, address_malformed, address_checksum.
 */
export function decodeMessage(request: MessageRequest): MessageEffects {
  const { chain, dataToSign } = request
  const typeOfSigning = signingTypes.find(type => type === request.typeOfSigning)
  if (typeOfSigning === undefined)
    throw new ChainError('signing_type_unknown', `TypeOfSigning is one of ${signingTypes.join(', ')}`)
  if (dataToSign.length > 2 * maxMessageBytes + 2 || !dataToSign.isWellFormed())
    throw new ChainError(
      'message_malformed',
      `the data to sign is well-formed text for at most ${maxMessageBytes} bytes`,
    )
  const base = { family: chain.family, caip2: chain.caip2, from: parseAddress(request.source), typeOfSigning }
  return { ...base, movements: [], unknownAmounts: true, feeCeiling: 0n, ...decoded(typeOfSigning, dataToSign, chain) }
}

type Decoded = Pick<Effects, 'function' | 'grade'> & Pick<MessageEffects, 'digest' | 'anyChain' | 'text'>

function decoded(type: TypeOfSigning, data: string, chain: Chain): Decoded {
  switch (type) {
    case 'personal_sign': {
      const bytes = data.startsWith('0x') ? parseHex(data) : utf8(data)
      if (bytes.length > maxMessageBytes)
        throw new ChainError('message_malformed', `a message has at most ${maxMessageBytes} bytes`)
      return {
        function: 'personal sign',
        grade: 'decoded',
        digest: personalDigest(bytes),
        anyChain: true,
        text: readable(bytes),
      }
    }
    case 'eth_signTypedData_v4': {
      if (utf8(data).length > maxMessageBytes)
        throw new ChainError('typed_data_malformed', `typed data has at most ${maxMessageBytes} bytes`)
      return { function: 'typed data', grade: 'decoded', ...decodeTypedData(data, chain) }
    }
    case 'raw': {
      const digest = parseHex(data)
      if (digest.length !== 32) throw new ChainError('message_malformed', 'a raw digest has 32 bytes')
      return { function: 'raw digest', grade: 'opaque', digest, anyChain: true, text: [`Digest ${formatHex(digest)}`] }
    }
  }
}

/** EIP-191 version 0x45. */
function personalDigest(message: Uint8Array): Uint8Array {
  return keccak_256(concat(utf8(`\x19Ethereum Signed Message:\n${message.length}`), message))
}

function readable(bytes: Uint8Array): string[] {
  let text: string
  try {
    text = fromUtf8(bytes)
  } catch {
    return [`Bytes ${formatHex(bytes)}`]
  }
  return text.split('\n').map(printable)
}
