import { fromUtf8, utf8 } from '@trivault/codec'
import { sha256 } from '../entry.ts'
import type { Machine } from '../ports.ts'
import { Committee, type NodeIndex, nodeIndexes, type Signer } from '../signed.ts'

/** State of the toy machine: the commands so far. `bad…` is refused, `throw` throws, `hold` is taken once at a time. */
export interface Toy {
  log: readonly string[]
  time: number
}

/** Commands are texts; the outcome names text, slot and position. */
export const toyMachine: Machine<Toy> = {
  initial: () => ({ log: [], time: 0 }),
  begin: (state, time) => ({ ...state, time }),
  apply(state, command, { seq, index }) {
    const text = fromUtf8(command)
    if (text === 'throw') throw new Error('thrown')
    if (text.startsWith('bad')) return { ok: false, code: 'bad', message: `${text} is refused` }
    if (state.log.includes(text)) return { ok: false, code: 'duplicate', message: `${text} is known` }
    return { ok: true, state: { ...state, log: [...state.log, text] }, outcome: utf8(`${text}@${seq}.${index}`) }
  },
}

/** What a node wants that was brought the command `text`, whose name begins with `hold`: it leads, or others of its kind do. */
export const holdFirst =
  (text: string) =>
  (state: Toy, commands: readonly Uint8Array[]): Uint8Array | undefined => {
    const texts = commands.map(fromUtf8)
    const others = texts.findIndex(command => !command.startsWith('hold'))
    const leads = (others < 0 ? texts : texts.slice(0, others)).includes(text)
    return leads || state.log.includes(text) ? undefined : utf8(text)
  }

/** Sixteen multiply-xor lanes over key and message: different inputs give different signatures, nothing more. */
function fakeSign(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const lanes = new Uint32Array(16).fill(message.length + 1)
  let lane = 0
  for (const part of [publicKey, message])
    for (const byte of part) {
      const next = (lane + 1) & 15
      lanes[next] = Math.imul((lanes[lane] ?? 0) ^ (lanes[next] ?? 0) ^ byte, 0x01000193) ^ ((lanes[lane] ?? 0) >>> 7)
      lane = next
    }
  return new Uint8Array(lanes.buffer)
}

export const vaultIdOf = (name: string): Uint8Array => sha256(utf8(name))

/** A committee whose signatures are hashes: the same interface as Ed25519, cheap, and forgeable by whoever wants to. */
export function fakeCommittee(name = 'vault'): { committee: Committee; signer: (node: NodeIndex) => Signer } {
  const keys = nodeIndexes.map(node => sha256(utf8(`${name} key ${node}`)))
  const committee = new Committee(vaultIdOf(name), keys, (key, message, signature) => {
    const expected = fakeSign(key, message)
    return Buffer.compare(expected, signature) === 0
  })
  const signer = (node: NodeIndex): Signer => ({
    node,
    sign: message => fakeSign(keys[node] ?? new Uint8Array(), message),
  })
  return { committee, signer }
}
