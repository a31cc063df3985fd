import { concat } from './bytes.ts'

/** Protocols by their frame byte. */
export const PROTOCOL = { keygen: 1, pairSetup: 2, signing: 3, refresh: 4, frost: 5 } as const
export type ProtocolId = (typeof PROTOCOL)[keyof typeof PROTOCOL]

/** The version byte of every frame: parties of another version refuse each other (check F.1). */
export const PROTOCOL_VERSION = 2
export const TAG_LENGTH = 16
/** protocol u8, version u8, round u8, sender u8, session tag. */
export const HEADER_LENGTH = 4 + TAG_LENGTH

export type FrameHeader = { protocol: number; version: number; round: number; from: number; tag: Uint8Array }

export const writeHeader = (header: FrameHeader, body: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(header.protocol, header.version, header.round, header.from), header.tag, body)

/** Undefined when the frame is shorter than a header. */
export const readHeader = (frame: Uint8Array): FrameHeader | undefined => {
  const [protocol, version, round, from] = frame
  if (frame.length < HEADER_LENGTH || protocol === undefined || version === undefined) return undefined
  if (round === undefined || from === undefined) return undefined
  return { protocol, version, round, from, tag: frame.slice(4, HEADER_LENGTH) }
}
