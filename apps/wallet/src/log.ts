import { type Certified, type CommandResult, Committee, Proposer } from '@trivault/ledger'
import {
  type Command,
  encodeCommand,
  type Genesis,
  VaultError,
  type VaultErrorCode,
  vaultErrors,
  vaultIdOf,
} from '@trivault/protocol'
import { type VaultMachine, type VaultState, vaultMachine } from '@trivault/vault-state'
import type { Database } from './database.ts'
import { entryStore } from './entry-store.ts'
import type { NodeLink } from './node-link.ts'

/** What became of a command. `lasting`: the vault's own refusal; another refusal may be gone at the next try. */
export type Outcome = { ok: true; seq: number } | { ok: false; code: VaultErrorCode; message: string; lasting: boolean }

export interface VaultLogOptions {
  genesis: Genesis
  db: Database
  clock: () => number
  random: () => number
}

/**
 * The wallet's replica of the certified log and its only way to change anything: commands go to the nodes, which judge.
 */
export class VaultLog {
  readonly machine: VaultMachine
  readonly #proposer: Proposer<VaultState>
  readonly #clock: () => number

  private constructor(machine: VaultMachine, proposer: Proposer<VaultState>, clock: () => number) {
    this.machine = machine
    this.#proposer = proposer
    this.#clock = clock
  }

  static async open(
    { genesis, db, clock, random }: VaultLogOptions,
    link: Pick<NodeLink, 'sendLedger'>,
    onCertified: (certified: Certified<VaultState>) => void,
  ): Promise<VaultLog> {
    const machine = vaultMachine(genesis)
    const proposer = await Proposer.open<VaultState>({
      committee: new Committee(vaultIdOf(genesis), genesis.identityKeys),
      machine,
      store: entryStore(db),
      onCertified,
      transport: {
        broadcast: message => {
          for (const node of [0, 1, 2] as const) link.sendLedger(node, message)
        },
        send: (node, message) => link.sendLedger(node, message),
      },
      clock,
      random,
      schedule: (delay, task) => {
        const timer = setTimeout(task, delay)
        return () => clearTimeout(timer)
      },
    })
    return new VaultLog(machine, proposer, clock)
  }

  get state(): VaultState {
    return this.#proposer.state
  }

  get status() {
    return this.#proposer.status()
  }

  /** Takes a message of the log from this node. */
  receive(node: 0 | 1 | 2, message: Uint8Array): Promise<void> {
    return this.#proposer.receive(node, message)
  }

  /** Proposes nothing more; what is not certified yet ends without success, and not for good. */
  close(): void {
    this.#proposer.close()
  }

  /** Would these commands apply now? Gives the state after them. Throws `VaultError` with the nodes' own reason. */
  dryRun(...commands: Command[]): VaultState {
    const { seq } = this.#proposer.status().head
    let { state } = this
    for (const [index, command] of commands.entries()) {
      const result = this.machine.apply(state, encodeCommand(command), { seq: seq + 1, time: this.#clock(), index })
      if (!result.ok) throw new VaultError(result.code, result.message)
      state = result.state
    }
    return state
  }

  /** Resolves when each command is certified or refused: as long as a node is down, that is not before it is back. */
  submit(...commands: Command[]): Promise<Outcome[]> {
    return this.submitWhile(undefined, commands)
  }

  /**
   * Like `submit`, for commands that were built on a state: whenever another entry came first, `stillMeant` decides on its
   * state whether they are proposed after it.
   */
  async submitWhile(stillMeant: ((state: VaultState) => boolean) | undefined, commands: Command[]): Promise<Outcome[]> {
    const results = await this.#proposer.submit(commands.map(encodeCommand), stillMeant)
    return results.map(outcomeOf)
  }
}

function outcomeOf(result: CommandResult): Outcome {
  if (result.ok) return { ok: true, seq: result.seq }
  const known = Object.hasOwn(vaultErrors, result.code)
  return {
    ok: false,
    code: known ? (result.code as VaultErrorCode) : 'internal-error',
    message: result.message,
    lasting: known,
  }
}
