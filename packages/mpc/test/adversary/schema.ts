import { HEADER_LENGTH, PROTOCOL, type ProtocolId } from '../../src/frame.ts'
import type { Curve, Group } from '../../src/group.ts'

/**
 * Every field of every message. `fields.test.ts` fails when a frame of an honest run is not covered byte for byte, so a
 * field that is added to a message has to be added here, and with it its cheats.
 */
export type Kind = 'bytes' | `${Curve} point` | `${Curve} scalar`

export type Field = {
  /** Round and name, e.g. `3.share`; the cheating players use the same names. */
  name: string
  kind: Kind
  /** Of the first element, in the body. */
  offset: number
  /** Of one element. */
  length: number
  count: number
  /** From one element to the next. */
  stride: number
  /** What may catch a change in transit: check numbers, or `ok` where the change must not matter. */
  transit: readonly string[]
  /** What may catch a player who chooses another value and follows the protocol from there on. */
  player: readonly string[]
}

export type Message = { protocol: ProtocolId; round: number; length: number; fields: readonly Field[] }

type Spec = [name: string, kind: Kind, length: number, caught: Caught, count?: number]
/** Check numbers in transit, then those for a player; one list where they are equal. */
type Caught = string | readonly [transit: string, player: string]

const words = (text: string): string[] => text.split(' ')

/** Fields one after the other; a group of several is repeated as a whole. */
const message = (
  protocol: ProtocolId,
  round: number,
  ...parts: readonly (Spec | { times: number; group: readonly Spec[] })[]
): Message => {
  const fields: Field[] = []
  let at = 0
  const add = ([name, kind, length, caught, own = 1]: Spec, count: number, stride: number): void => {
    const [transit, player] = typeof caught === 'string' ? [caught, caught] : caught
    fields.push({
      ...{ name: `${round}.${name}`, kind, offset: at, length, count, stride },
      ...{ transit: words(transit), player: words(player) },
    })
    at += length * own
  }
  for (const part of parts) {
    if (!('group' in part)) {
      add(part, part[4] ?? 1, part[2])
      continue
    }
    const start = at
    const stride = part.group.reduce((sum, [, , length]) => sum + length, 0)
    for (const spec of part.group) add(spec, part.times, stride)
    at = start + stride * part.times
  }
  return { protocol, round, length: at, fields }
}

/** Messages of key generation, by round. */
export const keygenMessages = ({ name, pointLength }: Group, parties: number, threshold: number): Message[] => [
  message(PROTOCOL.keygen, 1, ['commitment', 'bytes', 32, ['K2.1', 'K3.1 K2.1']]),
  message(PROTOCOL.keygen, 2, ['echo', 'bytes', 32, 'K2.1', parties]),
  message(
    PROTOCOL.keygen,
    3,
    ['coefficients', `${name} point`, pointLength, ['K3.1 K3.2', 'K3.2 K3.3 K3.5'], threshold],
    ['proofNonce', `${name} point`, pointLength, ['K3.1', 'K3.3']],
    ['proofResponse', `${name} scalar`, 32, ['K3.1', 'K3.3']],
    ['chainCode', 'bytes', 32, ['K3.1', 'ok']],
    ['salt', 'bytes', 32, ['K3.1', 'ok']],
    ['share', `${name} scalar`, 32, 'K3.4 K3.5'],
  ),
  message(
    PROTOCOL.keygen,
    4,
    ['proofNonce', `${name} point`, pointLength, 'K4.1'],
    ['proofResponse', `${name} scalar`, 32, 'K4.1'],
  ),
]

/** Messages of a refresh, by round. */
export const refreshMessages = ({ name, pointLength }: Group, parties: number, threshold: number): Message[] => [
  message(PROTOCOL.refresh, 1, ['commitment', 'bytes', 32, ['R2.1', 'R3.1 R2.1']]),
  message(PROTOCOL.refresh, 2, ['echo', 'bytes', 32, 'R2.1', parties]),
  message(
    PROTOCOL.refresh,
    3,
    ['coefficients', `${name} point`, pointLength, ['R3.1 R3.2', 'R3.2 R3.3 R3.5'], threshold - 1],
    ['proofNonce', `${name} point`, pointLength, ['R3.1', 'R3.3']],
    ['proofResponse', `${name} scalar`, 32, ['R3.1', 'R3.3']],
    ['salt', 'bytes', 32, ['R3.1', 'ok']],
    ['share', `${name} scalar`, 32, 'R3.4 R3.5'],
  ),
  message(
    PROTOCOL.refresh,
    4,
    ['proofNonce', `${name} point`, pointLength, 'R4.1'],
    ['proofResponse', `${name} scalar`, 32, 'R4.1'],
  ),
]

const trees = (caught: Caught): { times: number; group: readonly Spec[] } => ({
  times: 64,
  group: [
    // The receiver uses one of the two: a change of the other is caught by the transcript, or is the player's own affair.
    ['maskedLeft', 'bytes', 32, caught],
    ['maskedRight', 'bytes', 32, caught],
    ['checkSum', 'bytes', 32, caught],
    ['checkHash', 'bytes', 32, caught],
  ],
})

/** Messages of the pair set-up from the lower and from the higher index, by round. */
export const pairMessages: { lower: Message[]; upper: Message[] } = {
  lower: [
    message(
      PROTOCOL.pairSetup,
      1,
      // A request changed on the way gives the sides different keys: the first tree shows it to the lower, which stops.
      ['requests', 'secp256k1 point', 33, ['P1.1 waits', 'P1.1 P3.1 ok'], 256],
      ['seedCommitment', 'bytes', 32, 'P2.1'],
    ),
    message(PROTOCOL.pairSetup, 2, ['seed', 'bytes', 32, ['P2.1', 'ok']], ['seedSalt', 'bytes', 32, ['P2.1', 'ok']]),
    message(PROTOCOL.pairSetup, 3, trees(['P3.1 P4.1', 'P3.1 ok'])),
    message(PROTOCOL.pairSetup, 4, ['transcript', 'bytes', 32, 'P4.1']),
  ],
  upper: [
    message(PROTOCOL.pairSetup, 1, ['seedCommitment', 'bytes', 32, 'P2.1']),
    message(
      PROTOCOL.pairSetup,
      2,
      ['replies', 'secp256k1 point', 33, 'P2.2 P2.3', 128],
      trees(['P2.3 P4.1', 'P2.3 ok']),
      ['corrections', 'bytes', 68, ['P2.4', 'P2.4 ok'], 64],
      ['choiceCheck', 'bytes', 16, 'P2.4'],
      ['matrixCheck', 'bytes', 32, 'P2.4'],
      ['seed', 'bytes', 32, ['P2.1', 'ok']],
      ['seedSalt', 'bytes', 32, ['P2.1', 'ok']],
    ),
    message(PROTOCOL.pairSetup, 3),
    message(PROTOCOL.pairSetup, 4, ['transcript', 'bytes', 32, 'P4.1']),
  ],
}

/** Messages of signing, by round. */
export const signingMessages = (signers: number): Message[] => [
  message(
    PROTOCOL.signing,
    1,
    ['commitment', 'bytes', 32, ['S2.1', 'S3.1 S2.1']],
    // The recipient compares its own entry; the others see the broadcast differ when the echo comes.
    ['payloadHashes', 'bytes', 32, ['S1.1 S2.1', 'S1.1 S2.1'], signers - 1],
    ['corrections', 'bytes', 68, ['S1.1', 'S1.2 ok'], 64],
    ['choiceCheck', 'bytes', 16, ['S1.1', 'S1.2']],
    ['matrixCheck', 'bytes', 32, ['S1.1', 'S1.2']],
    ['psiCommitment', 'bytes', 32, ['S1.1', 'S3.3']],
  ),
  message(PROTOCOL.signing, 2, ['echo', 'bytes', 32, 'S2.1', signers]),
  message(
    PROTOCOL.signing,
    3,
    ['noncePoint', 'secp256k1 point', 33, ['S3.1 S3.2', 'S3.2 S3.5']],
    ['keyPoint', 'secp256k1 point', 33, ['S3.1 S3.2', 'S3.2 S3.6']],
    ['salt', 'bytes', 32, ['S3.1', 'ok']],
    // A row counts only where the recipient's choice bit is set.
    ['matrix', 'secp256k1 scalar', 32, ['S3.2 S3.4', 'S3.2 S3.4 ok'], 4 * 416],
    ['eta', 'secp256k1 scalar', 32, 'S3.2 S3.4', 2],
    ['mu', 'bytes', 32, 'S3.4'],
    ['nonceGamma', 'secp256k1 point', 33, 'S3.2 S3.5'],
    ['keyGamma', 'secp256k1 point', 33, 'S3.2 S3.6'],
    ['psi', 'secp256k1 scalar', 32, ['S3.3', 'S3.3 S4.2']],
    ['psiSalt', 'bytes', 32, ['S3.3', 'ok']],
  ),
  message(PROTOCOL.signing, 4, ['w', 'secp256k1 scalar', 32, 'S4.1 S4.2'], ['u', 'secp256k1 scalar', 32, 'S4.1 S4.2']),
]

/** Messages of FROST, by round. */
export const frostMessages = ({ name, pointLength }: Group, signers: number): Message[] => [
  message(
    PROTOCOL.frost,
    1,
    ['hiding', `${name} point`, pointLength, ['T1.1 T1.2 T2.1', 'T1.1 T1.2 T2.1 T3.2']],
    ['binding', `${name} point`, pointLength, ['T1.1 T1.2 T2.1', 'T1.1 T1.2 T2.1 T3.2']],
  ),
  message(PROTOCOL.frost, 2, ['echo', 'bytes', pointLength, 'T2.1', 2 * signers]),
  message(PROTOCOL.frost, 3, ['share', `${name} scalar`, 32, 'T3.1 T3.2']),
]

/** Where element `element` of a field stands in a frame. */
export const placeOf = ({ offset, stride }: Field, element: number): number => HEADER_LENGTH + offset + element * stride

/** Bytes of a body that no field covers, or that two cover. */
export const uncovered = ({ length, fields }: Message): number[] => {
  const times = new Uint8Array(length)
  for (const field of fields) {
    for (let element = 0; element < field.count; element++) {
      for (let i = 0; i < field.length; i++) {
        const at = field.offset + element * field.stride + i
        times[at] = (times[at] ?? 0) + 1
      }
    }
  }
  return [...times.keys()].filter(at => times[at] !== 1)
}
