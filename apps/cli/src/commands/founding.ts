import { fingerprintWords } from '@trivault/approval'
import { toHex } from '@trivault/codec'
import { foundingEpochOperation, type Genesis, type IssuerKey, issuerKeyThumbprint } from '@trivault/protocol'
import { activeKeyOf, foundingEpochRecord, foundingRecord, type VaultState } from '@trivault/vault-state'
import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { type IssuerJwk, publishedKeys } from '../id-token.ts'
import { type Open, table } from '../session.ts'
import { idOption, startAndTell, timeoutOption, type WaitOptions, waitOption } from './progress.ts'

export function foundingCommands(open: Open): Command {
  const founding = new Command('founding').description('the founding of a vault: keys of the owners, and the seal')
  founding
    .command('show')
    .description('the owners with their key fingerprints in six words, from the certified log')
    .action(async (_options, command: Command) => {
      const session = open(command)
      const { state } = await session.replica()
      session.print(documentOf(state), linesOf(state))
    })
  founding
    .command('seal')
    .description('start the operation that every founder approves after comparing the fingerprints')
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (options: WaitOptions & { id?: string }, command: Command) => {
      const session = open(command)
      foundingRecord((await session.replica()).state)
      await startAndTell(session, 'seal', {}, options)
    })
  founding
    .command('again')
    .description('after a lost quorum: start what all three node admins pinned; it acts after 7 days without a veto')
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (options: WaitOptions, command: Command) => {
      const session = open(command)
      const { Epoch } = foundingEpochRecord((await session.replica()).state)
      await startAndTell(session, 'foundAgain', {}, { ...options, id: foundingEpochOperation(Epoch) })
    })
  founding
    .command('thumbprints <issuer>')
    .description('the thumbprints of the keys that an identity provider publishes now, for pins.json')
    .action(async (issuer: string, _options, command: Command) => {
      const session = open(command)
      const keys = (await publishedKeys(issuer)).map(({ kid = '', ...jwk }) => ({ kid, thumbprint: thumbprintOf(jwk) }))
      session.print(keys, table(keys.map(({ kid, thumbprint }) => [thumbprint, kid])))
    })
  founding
    .command('issuer-keys <thumbprints...>')
    .description('start replacing the keys of the identity provider: RFC 7638 SHA-256 thumbprints, hex or base64url')
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (given: string[], options: WaitOptions & { id?: string }, command: Command) => {
      await startAndTell(open(command), 'setIssuerKeys', { Thumbprints: given.map(thumbprint) }, options)
    })
  return founding
}

function thumbprintOf({ kty, n = '', x = '', y = '' }: IssuerJwk): string {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
  const key: IssuerKey = kty === 'RSA' ? { type: 'rsa', modulus: bytes(n) } : { type: 'ec', x: bytes(x), y: bytes(y) }
  return toHex(issuerKeyThumbprint(key))
}

function thumbprint(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== 32 || bytes.toString('base64url') !== text)
    throw new CliError('usage', `${text} is no SHA-256 thumbprint`)
  return toHex(bytes)
}

const modes: Record<Genesis['foundingMode'], string> = {
  open: 'open: the first key of an owner counts; sealed by itself',
  identity: 'identity: an ID token vouches for each key; sealed when every founder approved',
  pinned: 'pinned: the node admins pinned the keys; sealed when all are set',
}

interface Owner {
  UserID: string
  KeyFingerprint?: string
  Words?: string
  Channel?: string
}

function ownersOf(state: VaultState): Owner[] {
  const group = state.setup && state.groups.get(state.setup.ownerGroup)
  return (group?.members ?? []).map(member => {
    const key = activeKeyOf(state, member)
    const UserID = state.users.get(member)?.id ?? member
    if (key === undefined) return { UserID }
    return { UserID, KeyFingerprint: key.id, Words: fingerprintWords(key.id), Channel: key.channel }
  })
}

function documentOf(state: VaultState): object {
  const { genesis, setup } = state
  return {
    VaultID: toHex(state.vaultId),
    FoundingMode: genesis.foundingMode,
    Sealed: state.sealedAt !== undefined,
    Owners: ownersOf(state),
    ...(setup !== undefined && { OwnerGroup: setup.ownerGroup, ApprovalsRequired: setup.ownersRequired }),
  }
}

function linesOf(state: VaultState): string[] {
  const { genesis, setup } = state
  const vault = toHex(state.vaultId)
  const owners = ownersOf(state).map(({ UserID, Words, Channel }) => [
    `  ${UserID}`,
    Words ?? 'no device key yet',
    Channel ?? '',
  ])
  return [
    `Vault   ${fingerprintWords(vault)}  (${vault})`,
    `Mode    ${modes[genesis.foundingMode]}`,
    `Sealed  ${state.sealedAt === undefined ? 'no: no key counts and nothing is signed' : 'yes'}`,
    ...(setup === undefined
      ? ['Owners  none yet: set the vault up first']
      : [
          `Owners  group "${setup.ownerGroup}", ${setup.ownersRequired} of ${owners.length} must approve`,
          ...table(owners),
        ]),
  ]
}
