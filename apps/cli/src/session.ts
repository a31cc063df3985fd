import { join } from 'node:path'
import type { Replica } from '@trivault/approval'
import { type Client, DeviceKey } from '@trivault/client'
import type { Genesis } from '@trivault/protocol'
import type { Command } from 'commander'
import { connect, type GlobalOptions, homeOf, readEndpoints } from './connection.ts'
import { CliError } from './errors.ts'
import { readSecret } from './files.ts'
import { readPins } from './pins.ts'
import { fetchReplica } from './replica.ts'

/** The terminal: a person, or a test. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Asks y/N. */
  confirm(question: string): Promise<boolean>
  readInput(): Promise<string>
}

/** What one command works with: its options, the vault it is connected to, and where it prints. */
export class Session {
  readonly options: GlobalOptions
  readonly terminal: Terminal
  #client: Promise<Client> | undefined

  constructor(options: GlobalOptions, terminal: Terminal) {
    this.options = options
    this.terminal = terminal
  }

  client(): Promise<Client> {
    this.#client ??= connect(this.options)
    return this.#client
  }

  genesis(): Genesis {
    return readPins(this.options)
  }

  /** The certified log as it is now, verified here. */
  async replica(): Promise<Replica> {
    const genesis = this.genesis()
    return fetchReplica(await this.client(), genesis)
  }

  /** One JSON document with --json, else lines of text. */
  print(document: unknown, lines: string | readonly string[]): void {
    const text = typeof lines === 'string' ? lines : lines.join('\n')
    this.terminal.out(this.options.json ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`)
  }

  /** The person whose device this is: --user or --as. */
  person(): string {
    const person = this.options.user ?? this.options.as
    if (person === undefined) throw new CliError('usage', 'say whose device this is: --user EMAIL or --as EMAIL')
    return person
  }

  /** `given`, or the device key file of the person in the home of a local vault. */
  keyFile(given: string | undefined): string {
    if (given !== undefined) return given
    if (this.options.api !== undefined) throw new CliError('usage', 'give --key-file')
    const person = this.person().toLowerCase()
    const home = homeOf(this.options)
    const sample = readEndpoints(home).users.find(({ id }) => id.toLowerCase() === person)
    return sample?.deviceKeyFile ?? join(home, 'devices', `${person.replace(/[^a-z0-9@._+-]/g, '_')}.key`)
  }

  deviceKey(path: string): DeviceKey {
    return DeviceKey.parse(readSecret(path))
  }
}

/** Opens the session of a command that runs. */
export type Open = (command: Command) => Session

/** Rows in columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(cell.length, all[i] ?? 0)), [])
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
