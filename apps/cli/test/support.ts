import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Replica, replay } from '@trivault/approval'
import { DeviceKey } from '@trivault/client'
import { toBase64 } from '@trivault/codec'
import type { StoredEntry } from '@trivault/ledger'
import { genesisJson } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { afterEach, beforeEach } from 'vitest'
import { runCli } from '../src/run.ts'
import type { Terminal } from '../src/session.ts'

export const replicaOf = async (vault: TestVault): Promise<Replica> => replay(vault.genesis, await vault.certified())

/** Answers of a wallet by `METHOD path`; 404 otherwise. Keeps what was posted. */
export class FakeWallet {
  readonly answers: Record<string, (query: URLSearchParams, body: unknown) => unknown> = {}
  readonly posted: { path: string; body: unknown }[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      let text = ''
      request.on('data', chunk => {
        text += chunk
      })
      request.on('end', () => {
        const url = new URL(request.url ?? '/', 'http://wallet')
        const body: unknown = text === '' ? undefined : JSON.parse(text)
        if (request.method === 'POST') this.posted.push({ path: url.pathname, body })
        const answer = this.answers[`${request.method} ${url.pathname}`]
        response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify(answer === undefined ? { message: 'not found' } : (answer(url.searchParams, body) ?? {})),
        )
      })
    })
  }

  static async start(): Promise<FakeWallet> {
    const wallet = new FakeWallet()
    await new Promise<void>(resolve => wallet.#server.listen(0, '127.0.0.1', resolve))
    return wallet
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Serves this log, a few entries at a time. */
  serveLog(entries: readonly StoredEntry[]): void {
    this.answers['GET /api/trivault/log/entries'] = query => {
      const from = Number(query.get('from'))
      return {
        Entries: entries.slice(from - 1, from + 2).map(({ entry, certificate }, i) => ({
          Seq: from + i,
          Entry: toBase64(entry),
          Certificate: toBase64(certificate),
        })),
        Head: { Seq: entries.length, Hash: '0'.repeat(64) },
      }
    }
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

/** Runs the command line with a terminal that answers questions with `yes`. */
export async function run(args: readonly string[], { yes = false, input = '' } = {}) {
  const text = { out: '', err: '' }
  const terminal: Terminal = {
    out: part => {
      text.out += part
    },
    err: part => {
      text.err += part
    },
    confirm: async () => yes,
    readInput: async () => input,
  }
  const code = await runCli(args, terminal)
  return { code, ...text }
}

/** Where somebody works with the command line: files of their own, and the wallet of a founded vault. */
export class Desk {
  readonly directory = mkdtempSync(join(tmpdir(), 'cli-'))
  readonly vault = TestVault.founded()
  readonly wallet: FakeWallet

  private constructor(wallet: FakeWallet) {
    this.wallet = wallet
    writeFileSync(this.path('key'), 'cwp_test\n')
    writeFileSync(this.path('pins'), genesisJson.write(this.vault.genesis))
  }

  static async open(): Promise<Desk> {
    return new Desk(await FakeWallet.start())
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  /** Runs the command line with this wallet, API key and pins. */
  cli(...args: string[]) {
    return run([...args, '--api', this.wallet.url, '--api-key-file', this.path('key'), '--pins', this.path('pins')])
  }

  /** Makes Dave's device key, in the file `device`. */
  async makeDevice(): Promise<DeviceKey> {
    await run(['approver', 'init', '--user', 'dave@example.com', '--key-file', this.path('device')])
    return DeviceKey.parse(readFileSync(this.path('device'), 'utf8'))
  }

  close(): void {
    this.wallet.close()
    rmSync(this.directory, { recursive: true })
  }
}

/** A desk of its own for each test of the file, handed to `take`; the rest acts on the present one. */
export function eachAtADesk(take: (desk: Desk) => void) {
  let desk: Desk
  beforeEach(async () => {
    desk = await Desk.open()
    take(desk)
  })
  afterEach(() => desk.close())
  return {
    path: (name: string): string => desk.path(name),
    cli: (...args: string[]) => desk.cli(...args),
    makeDevice: () => desk.makeDevice(),
  }
}
