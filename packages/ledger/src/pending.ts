import { equalBytes } from '@trivault/codec'
import type { Certified, CommandResult } from './api.ts'
import { encodeEntry, entryHash, FORMAT_VERSION, MAX_COMMANDS, MAX_ENTRY_BYTES } from './entry.ts'
import type { Draft, Follower } from './follower.ts'

/** Bytes of an entry without commands, and of a command's length field. */
const ENTRY_OVERHEAD = 117
const COMMAND_OVERHEAD = 4

/** Asked of each draft's state, just before the command is applied to it: is it still meant? */
export type StillMeant<S> = (state: S) => boolean

interface Item<S> {
  /** Undefined: an entry is wanted for its time alone. */
  command: Uint8Array | undefined
  stillMeant: StillMeant<S> | undefined
  settle: (result: CommandResult) => void
}

/** Commands that no certified entry holds yet, in order: submitted ones, and holds that nodes require. Equal bytes are the same command. */
export class Pending<S> {
  #items: Item<S>[] = []
  /**
   * L4: holds that nodes want logged, the newest demand first: nodes ask for the last of an order first. They outlive the slot: a kept
   * entry may come before them.
   */
  #required: readonly Uint8Array[] = []

  get size(): number {
    return this.#items.length
  }

  get isEmpty(): boolean {
    return this.#items.length === 0 && this.#required.length === 0
  }

  /** A node certifies nothing before this command: it leads the next entry. */
  require(command: Uint8Array): void {
    if (!isAmong(this.#required, command)) this.#required = [command, ...this.#required].slice(0, MAX_COMMANDS)
  }

  /** One result per command. An empty list makes one entry, so that what is due by now is handled. */
  submit(commands: readonly Uint8Array[], stillMeant?: StillMeant<S>): Promise<CommandResult[]> {
    if (commands.length === 0) return this.#add(undefined).then(() => [])
    return Promise.all(commands.map(command => this.#add(command, stillMeant)))
  }

  /**
   * The next entry on the head of `follower`: what is required, then as many submitted commands as fit. A command that the own fold
   * refuses is settled as refused, a required one forgotten. Undefined when nothing is left to propose.
   */
  build(follower: Follower<S>, time: number): Draft<S> | undefined {
    const { machine, committee, head, results } = follower
    const seq = head.seq + 1
    const commands: Uint8Array[] = []
    const outcomes: Uint8Array[] = []
    let room = MAX_ENTRY_BYTES - ENTRY_OVERHEAD
    let wanted = false
    let state = machine.begin(follower.state, time)
    const take = (command: Uint8Array): CommandResult | undefined => {
      const applied = judge(() => machine.apply(state, command, { seq, time, index: commands.length }))
      if (!applied.ok) return applied
      state = applied.state
      commands.push(command)
      outcomes.push(applied.outcome)
      room -= command.length + COMMAND_OVERHEAD
      return undefined
    }
    const required = this.#required
    this.#required = required.filter(command => take(command) === undefined)
    for (const item of [...this.#items]) {
      wanted ||= item.command === undefined
      const { command } = item
      if (command === undefined || isAmong(required, command)) continue
      if (commands.length === MAX_COMMANDS || command.length + COMMAND_OVERHEAD > room) break
      const refused = item.stillMeant?.(state) === false ? stale : take(command)
      if (refused !== undefined) this.#settle(item, refused)
    }
    if (commands.length === 0 && !wanted) return undefined
    const entry = {
      version: FORMAT_VERSION,
      vaultId: committee.vaultId,
      seq,
      prev: head.hash,
      results,
      time,
      commands,
    }
    const bytes = encodeEntry(entry)
    return { bytes, hash: entryHash(bytes), entry, state, outcomes }
  }

  /** A node refused this command. False when it is not pending. */
  refuse(command: Uint8Array | undefined, code: string, message: string): boolean {
    const item = command && this.#items.find(known => known.command !== undefined && equalBytes(known.command, command))
    if (item !== undefined) this.#settle(item, { ok: false, code, message })
    return item !== undefined
  }

  /** Settles what a certified entry holds, whoever proposed it. */
  certified({ entry, outcomes }: Pick<Certified<S>, 'entry' | 'outcomes'>): void {
    for (const item of this.#items.filter(known => known.command === undefined))
      this.#settle(item, { ok: true, seq: entry.seq, index: 0, outcome: new Uint8Array() })
    this.#required = this.#required.filter(command => !isAmong(entry.commands, command))
    entry.commands.forEach((command, index) => {
      const outcome = outcomes[index]
      const item = this.#items.find(known => known.command !== undefined && equalBytes(known.command, command))
      if (item !== undefined && outcome !== undefined) this.#settle(item, { ok: true, seq: entry.seq, index, outcome })
    })
  }

  failAll(code: string, message: string): void {
    for (const item of [...this.#items]) this.#settle(item, { ok: false, code, message })
  }

  #add(command: Uint8Array | undefined, stillMeant?: StillMeant<S>): Promise<CommandResult> {
    if (command !== undefined && command.length > MAX_ENTRY_BYTES - ENTRY_OVERHEAD - COMMAND_OVERHEAD)
      return Promise.resolve({
        ok: false,
        code: 'oversize',
        message: `a command of ${command.length} bytes fits no entry`,
      })
    return new Promise(settle => this.#items.push({ command, stillMeant, settle }))
  }

  #settle(item: Item<S>, result: CommandResult): void {
    this.#items.splice(this.#items.indexOf(item), 1)
    item.settle(result)
  }
}

const isAmong = (commands: readonly Uint8Array[], command: Uint8Array): boolean =>
  commands.some(known => equalBytes(known, command))

const stale: CommandResult = { ok: false, code: 'stale', message: 'other entries came first: it is not meant any more' }

/** A throwing machine refuses. */
function judge<T>(apply: () => T): T | { ok: false; code: string; message: string } {
  try {
    return apply()
  } catch {
    return { ok: false, code: 'machine', message: 'the command could not be judged' }
  }
}
