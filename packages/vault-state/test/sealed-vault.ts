import type { Intent, MoneyDefault, TransactionRestriction } from '@trivault/protocol'
import { issuerPins, makeIssuerKey, Person, TestVault, testGenesis } from '@trivault/testkit'

export const to = '0x00000000000000000000000000000000000000AA'
const founders = ['alice', 'bob', 'carol'].map(name => new Person(`${name}@example.com`))
const issuer = makeIssuerKey()

/**
 * Owners alice, bob and carol, quorum 2; dave, who is no owner, with a device of his own; a bot in the group "bots", whose key no
 * ID token vouches for.
 */
export class SealedVault extends TestVault {
  readonly alice = this.person('alice')
  readonly bob = this.person('bob')
  readonly carol = this.person('carol')
  readonly dave = this.person('dave')
  readonly bot = this.person('bot')

  constructor(profile: 'local' | 'enclave') {
    const keys = founders.map(({ keyId }) => keyId)
    const pins = { foundingMode: 'pinned', founders: founders.map(({ id }) => id), founderKeys: keys } as const
    super(testGenesis({ profile, ...pins, foundersRequired: 2, ...issuerPins(issuer) }))
    this.setup({ approvalsRequired: 2 })
    this.activate('Default')
    for (const owner of [this.alice, this.bob, this.carol]) this.pair(owner)
    for (const { id: UserID } of [this.dave, this.bot])
      this.execute(this.start(this.intent('register user', { UserID, UserName: UserID })))
    this.apply(this.vouching(this.dave, issuer))
    for (const person of [this.dave, this.bot]) this.pair(person, this.alice, this.bob)
    this.apply({ type: 'createGroup', by: '', name: 'bots' })
    this.join('bots', this.bot)
  }

  /** Approved by two owners, and executed. */
  change(intent: Intent): string {
    const id = this.start(intent)
    this.approve(id, this.alice, this.bob)
    this.execute(id)
    return id
  }

  join(Group: string, { id }: Person): void {
    this.change(this.intent('update group', { Group, AddUsers: [id], RemoveUsers: [] }))
  }

  money(MoneyDefault: MoneyDefault): string {
    return this.change(this.intent('update settings', { MoneyDefault }))
  }

  /** Asks the bots for what goes to these addresses, or for everything. */
  nameBots(...addresses: string[]): void {
    const Only = addresses.map(Address => ({ Address }))
    const rule: TransactionRestriction = {
      RestrictionID: 'bots',
      Approvers: [{ Groups: ['bots'], RequiredApprovers: 1 }],
      ...(Only.length > 0 && { Destination: { Only } }),
    }
    this.change(this.intent('update transaction restriction', { Add: rule }))
  }

  transfer(initiator = '', address = to): string {
    return this.start(this.transferIntent([{ Address: address, Amount: '1' }], { initiator }))
  }

  /** Is what has this id still short of approvals? */
  misses(id: string): boolean {
    const said = this.try(this.execution(id))
    if (said.ok) return false
    if (said.code !== 'approvals-missing') throw new Error(said.code)
    return true
  }

  /** Who of those could approve what nobody has approved? */
  takes(id: string): string[] {
    const people = [this.alice, this.bob, this.carol, this.dave, this.bot]
    return people
      .filter(person => this.try(this.approval(id, person)).ok)
      .map(({ id: user }) => user.split('@')[0] ?? '')
  }
}
