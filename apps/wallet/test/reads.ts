import { compileValidator, type OperationId, routes, stringifyExact } from '@trivault/api-contract'
import { ChainClients } from '@trivault/chain-clients'
import { entryHash } from '@trivault/ledger'
import { curves } from '@trivault/protocol'
import { type Person, TestVault } from '@trivault/testkit'
import { expect } from 'vitest'
import { createReads, type WalletReads } from '../src/reads/index.ts'
import type { Delivery, WaitingOperation, WalletView } from '../src/view.ts'

export const to = '0x00000000000000000000000000000000000000AA'
export const ether = 'eip155:31337/slip44:60'
export const quarter = [{ Address: to, Amount: '0.25' }]
export const byAlice = { initiator: 'alice@example.com' }

export const publicConfig = {
  issuer: 'https://idp.example.com',
  audience: 'trivault',
  publicUrl: 'https://wallet.example.com',
  instanceName: 'test',
  approverClientId: 'approver',
  webClientId: 'console',
  mode: 'on-prem',
} as const

/** A founded vault, what the wallet knows besides, and the reads over both. */
export class TestWallet {
  readonly vault: TestVault
  readonly alice: Person
  readonly bob: Person
  readonly deliveries: Delivery[] = []
  readonly waiting: WaitingOperation[] = []

  constructor(vault: TestVault = TestVault.founded()) {
    this.vault = vault
    this.alice = vault.person('alice')
    this.bob = vault.person('bob')
  }

  view(): WalletView {
    const { vault } = this
    return {
      state: () => vault.state,
      head: () => ({ seq: vault.seq, hash: vault.genesis.ersFingerprint }),
      entries: async (from, to) => (await vault.certified()).slice(from - 1, to),
      waiting: id => this.waiting.find(operation => operation.id === id),
      allWaiting: () => this.waiting,
      deliveries: id => this.deliveries.filter(({ operationId }) => operationId === id),
      backups: async name =>
        curves.map(curve => ({ curve, file: new TextEncoder().encode(`backup of ${name} on ${curve}`) })),
    }
  }

  /** The same with the log certified once, for reads of whole logs. */
  async certifiedView(): Promise<WalletView> {
    const stored = await this.vault.certified()
    const last = stored.at(-1)
    return {
      ...this.view(),
      head: () => ({ seq: stored.length, hash: last === undefined ? new Uint8Array(32) : entryHash(last.entry) }),
      entries: async (from, to) => stored.slice(from - 1, to),
    }
  }

  reads(rpc: Record<string, string> = {}, view: WalletView = this.view()): WalletReads {
    return createReads(view, {
      chains: new ChainClients(rpc, { timeoutMs: 2000 }),
      config: publicConfig,
      version: '1.2.3',
    })
  }

  /** A transfer with its signature in the log. */
  signedTransfer(destinations = quarter): string {
    const id = this.vault.start(this.vault.transferIntent(destinations, byAlice))
    this.vault.approve(id, this.alice)
    this.vault.finish(id)
    return id
  }

  deliver(operationId: string, status: Delivery['status'], changes: Partial<Delivery> = {}): void {
    const { part = 0 } = changes
    const others = this.deliveries.filter(item => item.operationId !== operationId || item.part !== part)
    const delivery = { operationId, part, status, transactionHash: '0x', error: undefined, updatedAt: 1, ...changes }
    this.deliveries.splice(0, this.deliveries.length, ...others, delivery)
  }
}

/** `answer`, after the contract's schema accepted it as it would travel. */
export function valid<T>(route: OperationId, answer: T): T {
  const { response } = routes[route] as { response?: Parameters<typeof compileValidator>[0] }
  if (response === undefined) throw new Error(`${route} answers without a body`)
  expect(compileValidator(response)(JSON.parse(stringifyExact(answer)))).toEqual([])
  return answer
}
