import { cpus } from 'node:os'
import { encodeCommand, type TransactionRestriction } from '@trivault/protocol'
import { startCommand, TestVault } from '@trivault/testkit'
import { accountKey, addressKey, decisionFor, PersistentMap } from '../src/index.ts'
import { withRestrictions } from '../src/restrictions.ts'

// What a verdict costs in a large vault, against a small one in the same run. Exits 1 when it is more than 1.2 times as much.

const most = 1.2
const rounds = 41
const inARound = 100
const receiver = '0x00000000000000000000000000000000000000AA'
const approvers = [{ Groups: ['owner'], RequiredApprovers: 1 }]
const hex = (index: number): string => `0x${(index + 1000).toString(16).padStart(40, '0')}`

/** Four that look at every transfer; the rest each speak of a source or a destination, as a large vault's do. */
function restrictions(count: number): TransactionRestriction[] {
  const general: Omit<TransactionRestriction, 'RestrictionID'>[] = [
    { Approvers: approvers, Amount: { Above: '0.1', Currency: 'ETH' } },
    { Approvers: approvers, Amount: { Above: '5000', Currency: 'USD' } },
    { Approvers: approvers, Fee: { Above: '1', Currency: 'ETH' } },
    { Approvers: approvers, Source: { Only: [{ MasterKeyName: 'Default', AccountName: 'treasury' }] } },
  ]
  const special = Array.from(
    { length: count - general.length },
    (_, i): Omit<TransactionRestriction, 'RestrictionID'> =>
      i % 3 === 0
        ? { Approvers: approvers, Source: { Only: [{ MasterKeyName: 'Default', AccountName: `account ${i}` }] } }
        : i % 3 === 1
          ? { Approvers: [], ExternalDestination: { Only: [hex(i)] } }
          : { Approvers: approvers, Destination: { Only: [{ Address: hex(i) }] } },
  )
  return [...general, ...special].map((one, i) => ({ RestrictionID: `rule ${i}`, ...one }))
}

/** A founded vault with so many restrictions and accounts, each with an address; and what a node does with a transfer in it. */
function vaultOf(rules: number, accounts: number): (times: number) => number {
  const vault = TestVault.founded()
  let next = vault.state
  let all = PersistentMap.empty<TransactionRestriction>()
  for (const rule of restrictions(rules)) all = all.set(rule.RestrictionID, rule)
  next = withRestrictions(next, all)
  for (let i = next.accounts.size; i < accounts; i++) {
    const name = `account ${i}`
    const id = addressKey('Default', name, 60, 0)
    const address = {
      address: hex(i),
      masterKey: 'Default',
      account: name,
      slip44: 60,
      index: 0,
      publicKey: new Uint8Array(33),
    }
    next = {
      ...next,
      accounts: next.accounts.set(accountKey('Default', name), {
        masterKey: 'Default',
        name,
        index: i,
        number: i + 1,
        createdAt: 0,
      }),
      addresses: next.addresses.set(id, address),
      addressOwners: next.addressOwners.set(address.address, id),
    }
  }
  vault.state = next
  const intent = vault.transferIntent([{ Address: receiver, Amount: '0.25' }], {
    id: 'bench',
    initiator: 'alice@example.com',
  })
  const start = encodeCommand(startCommand(intent))
  const at = { seq: vault.seq + 1, time: vault.time, index: 0 }
  const decision = decisionFor(next, intent)
  if (decision.kind !== 'needs' || decision.requirements.length !== 3)
    throw new Error(`unexpected: ${JSON.stringify(decision)}`)
  return times => {
    const began = performance.now()
    for (let i = 0; i < times; i++) if (!vault.machine.apply(next, start, at).ok) throw new Error('refused')
    return ((performance.now() - began) / times) * 1000
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const [small, large] = [vaultOf(10, 100), vaultOf(1000, 10_000)]
const [few, many, ratios]: [number[], number[], number[]] = [[], [], []]
for (let round = 0; round < rounds; round++) {
  // Whichever comes second has the warmer caches: they take turns.
  const first = round % 2 === 0 ? small(inARound) : large(inARound)
  const second = round % 2 === 0 ? large(inARound) : small(inARound)
  const [a, b] = round % 2 === 0 ? [first, second] : [second, first]
  if (round < 10) continue
  few.push(a)
  many.push(b)
  ratios.push(b / a)
}
const ratio = median(ratios)
process.stdout.write(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}\n` +
    'one verdict: decode the intent, compute its effects, judge all restrictions, fold the command; median of ' +
    `${ratios.length} rounds of ${inARound}\n` +
    `  10 restrictions, 100 accounts       ${median(few).toFixed(1)} µs\n` +
    `  1,000 restrictions, 10,000 accounts ${median(many).toFixed(1)} µs\n` +
    `  ratio ${ratio.toFixed(3)}, at most ${most}: ${ratio <= most ? 'met' : 'MISSED'}\n`,
)
process.exitCode = ratio <= most ? 0 : 1
