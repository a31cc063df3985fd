import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat, fromUtf8, utf8 } from '@trivault/codec'
import { ChainError } from '../errors.ts'
import { formatHex, parseHex } from '../hex.ts'
import { printable } from '../printable.ts'
import type { Chain, DecodedMessage, TypeOfSigning } from '../types.ts'
import { decodeTypedData } from './typed-data.ts'

const maxMessageBytes = 64 * 1024

/** `personal_sign`: text, or bytes as 0x hex. `eth_signTypedData_v4`: JSON text. `raw`: 32 bytes as 0x hex. */
export function decodeEvmMessage(type: TypeOfSigning, data: string, chain: Chain): DecodedMessage {
  const result = decoded(type, data, chain)
  return { ...result, message: result.digest }
}

function decoded(type: TypeOfSigning, data: string, chain: Chain): Omit<DecodedMessage, 'message'> {
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
