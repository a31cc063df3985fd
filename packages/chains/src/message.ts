import { ChainError } from './errors.ts'
import { decodeEvmMessage } from './evm/message.ts'
import { parseFamilyAddress } from './family.ts'
import { decodeSolanaMessage } from './solana/message.ts'
import { type Chain, type MessageEffects, signingTypes } from './types.ts'

const maxDataLength = 2 * 64 * 1024 + 2

export interface MessageRequest {
  readonly chain: Chain
  /** Address of the key that will sign. */
  readonly source: string
  readonly typeOfSigning: string
  /** Text, bytes as 0x hex, or JSON text, as the family and the type of signing want it. */
  readonly dataToSign: string
}

/**
 * Decodes a generic signing request into effects. What a signed message sets free elsewhere is unknown, so every amount
 * criterion matches. Throws `ChainError` signing_type_unknown, message_malformed, hex_malformed, typed_data_malformed,
 * typed_data_other_chain, address_malformed, address_checksum.
 */
export function decodeMessage({ chain, source, typeOfSigning: type, dataToSign }: MessageRequest): MessageEffects {
  const typeOfSigning = signingTypes.find(known => known === type)
  if (typeOfSigning === undefined)
    throw new ChainError('signing_type_unknown', `TypeOfSigning is one of ${signingTypes.join(', ')}`)
  if (dataToSign.length > maxDataLength || !dataToSign.isWellFormed())
    throw new ChainError('message_malformed', 'the data to sign is well-formed text for at most 65536 bytes')
  const { family, caip2 } = chain
  const decoded =
    family === 'evm'
      ? decodeEvmMessage(typeOfSigning, dataToSign, chain)
      : decodeSolanaMessage(typeOfSigning, dataToSign)
  const base = { family, caip2, from: parseFamilyAddress(family, source), typeOfSigning }
  return { ...base, movements: [], unknownAmounts: true, feeCeiling: 0n, ...decoded }
}
