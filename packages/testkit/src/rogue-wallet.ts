import { toHex } from '@trivault/codec'
import { type CommandResult, Committee, type EntryStore, Proposer, type StoredEntry } from '@trivault/ledger'
import { nativeVerifiers } from '@trivault/node-core'
import {
  type Command,
  decodeEnvelope,
  encodeCommand,
  encodeEnvelope,
  type Genesis,
  vaultIdOf,
} from '@trivault/protocol'
import { type VaultState, vaultMachine } from '@trivault/vault-state'

interface Bus {
  send(to: string, bytes: Uint8Array): unknown
  onMessage(handler: (from: string, bytes: Uint8Array) => void): unknown
}

/** A wallet that speaks the protocol perfectly and has none of the real one's checks: what it proposes, only nodes can stop. */
export class RogueWallet {
  readonly #proposer: Proposer<VaultState>

  private constructor(proposer: Proposer<VaultState>) {
    this.#proposer = proposer
  }

  static async open(genesis: Genesis, bus: Bus): Promise<RogueWallet> {
    const send = (node: number, body: Uint8Array) =>
      bus.send(`node${node}`, encodeEnvelope({ type: 'ledger', node: 255, body }))
    const proposer = await Proposer.open<VaultState>({
      committee: new Committee(vaultIdOf(genesis), genesis.identityKeys),
      machine: vaultMachine(genesis, nativeVerifiers()),
      store: memoryStore(),
      transport: {
        broadcast: body => [0, 1, 2].forEach(node => void send(node, body)),
        send: (node, body) => void send(node, body),
      },
      clock: Date.now,
      random: Math.random,
      schedule: (delay, task) => {
        const timer = setTimeout(task, delay)
        return () => clearTimeout(timer)
      },
    })
    const rogue = new RogueWallet(proposer)
    bus.onMessage((from, raw) => {
      const envelope = decodeEnvelope(raw)
      const node = ([0, 1, 2] as const).find(index => from === `node${index}`)
      if (envelope.type === 'ledger' && node !== undefined) proposer.receive(node, envelope.body).catch(() => undefined)
    })
    return rogue
  }

  /** Resolves once the whole certified log was fetched: an empty entry is certified on top of it. */
  async catchUp(): Promise<VaultState> {
    await this.#proposer.submit([])
    return this.state
  }

  get state(): VaultState {
    return this.#proposer.state
  }

  submit(...commands: Command[]): Promise<CommandResult[]> {
    return this.#proposer.submit(commands.map(encodeCommand))
  }

  close(): void {
    this.#proposer.close()
  }
}

function memoryStore(): EntryStore {
  const entries: StoredEntry[] = []
  const byHash = new Map<string, Uint8Array>()
  return {
    async putCandidate(_seq, hash, entry) {
      byHash.set(toHex(hash), entry)
    },
    find: async hash => byHash.get(toHex(hash)),
    async putCertified(seq, hash, stored) {
      entries[seq - 1] = stored
      byHash.set(toHex(hash), stored.entry)
    },
    range: async (from, limit) => entries.slice(from - 1, from - 1 + limit),
  }
}
