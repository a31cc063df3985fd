import { sha256 } from '@noble/hashes/sha2.js'
import { fromUtf8, utf8 } from '@trivault/codec'
import { ChainError } from '../errors.ts'
import { formatHex, parseHex } from '../hex.ts'
import { printable } from '../printable.ts'
import type { DecodedMessage } from '../types.ts'
import { isTransactionMessage } from './transaction-message.ts'

const maxMessageBytes = 64 * 1024

/**
 * What an Ed25519 key signs: the bytes themselves, so nothing sets a message apart from a transaction but its content. What
 * could be a transaction is refused. `personal_sign`: text, or text as 0x hex. `raw`: any bytes as 0x hex.
 */
export function decodeSolanaMessage(type: string, data: string): DecodedMessage {
  if (type !== 'personal_sign' && type !== 'raw')
    throw new ChainError('signing_type_unknown', 'TypeOfSigning of a Solana asset is one of personal_sign, raw')
  const message = type === 'raw' || data.startsWith('0x') ? parseHex(data) : utf8(data)
  if (message.length === 0 || message.length > maxMessageBytes)
    throw new ChainError('message_malformed', `a message has 1 to ${maxMessageBytes} bytes`)
  if (isTransactionMessage(message))
    throw new ChainError('message_malformed', 'these bytes are a Solana transaction: generic signing never signs one')
  const signed = { message, digest: sha256(message), anyChain: true }
  if (type === 'raw')
    return { ...signed, function: 'raw digest', grade: 'opaque', text: [`Bytes ${formatHex(message)}`] }
  return { ...signed, function: 'personal sign', grade: 'decoded', text: textOf(message).split('\n').map(printable) }
}

function textOf(message: Uint8Array): string {
  try {
    return fromUtf8(message)
  } catch (cause) {
    throw new ChainError('message_malformed', 'personal_sign takes UTF-8 text: bytes that are none are signed as raw', {
      cause,
    })
  }
}
