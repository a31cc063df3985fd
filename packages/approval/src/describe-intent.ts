import { decodeCall, decodeEffects, describe, formatHex, parseHex } from '@trivault/chains'
import { equalBytes, fromBase64, toHex } from '@trivault/codec'
import { describeChange, type RuleKind } from '@trivault/policy'
import { type ApproverRestriction, type Intent, type IntentOf, type MoneyDefault, sha256 } from '@trivault/protocol'
import {
  activeKeyOf,
  assetOf,
  chainContext,
  deviceKeyId,
  intentEffects,
  ownAddress,
  type VaultState,
} from '@trivault/vault-state'
import { fingerprintWords } from './words.ts'

/**
 * What an operation does, as lines for the person who decides, from the intent's own bytes and the certified state. Addresses
 * are never shortened. Throws `VaultError` or `ChainError` for what cannot be decoded: then nobody should approve it.
 */
export function describeIntent(state: VaultState, intent: Intent): string[] {
  const by = intent.InitiatorID === '' ? 'nobody named' : intent.InitiatorID
  return [...linesOf(state, intent), `Named initiator: ${by} (a claim of the wallet)`, `Written ${intent.Timestamp}`]
}

function linesOf(state: VaultState, intent: Intent): string[] {
  switch (intent.OperationType) {
    case 'make transaction':
    case 'generic signing':
      return signingLines(state, intent)
    case 'register user':
      return [`Register the user ${intent.UserID} ("${intent.UserName}"), without any right`]
    case 'set user public key':
      return deviceLines(state, intent)
    case 'seal':
      return sealLines(intent)
    case 'found again':
      return [
        `Found the vault anew (epoch ${intent.Epoch}): all three node admins pinned new owners, and it acts 7 days after its first execution`,
        'ANY owner can veto it meanwhile; nothing is signed',
        ...intent.Owners.map(({ UserID, UserName, KeyFingerprint }) =>
          [`Owner ${UserID} ("${UserName}")`, ...(KeyFingerprint ? [fingerprintWords(KeyFingerprint)] : [])].join(', '),
        ),
        `${intent.ApprovalsRequired} of ${intent.Owners.length} must approve`,
      ]
    case 'set issuer keys':
      return [
        'Replace the keys of the identity provider whose ID tokens count',
        ...intent.Thumbprints.map(thumbprint => `Thumbprint ${thumbprint}`),
      ]
    case 'delete user':
      return [`Delete the user ${intent.UserID} ("${intent.UserName}"): device key and memberships are gone`]
    case 'reset user':
      return [
        `Take the device key from the user ${intent.UserID} ("${intent.UserName}")`,
        'Approvals that it signed no longer count; the user stays and needs a new key',
      ]
    case 'update group':
      return groupLines(state, intent)
    case 'update settings':
      return settingLines(state, intent)
    case 'unfreeze':
      return [`END freeze number ${intent.Freeze} of ${state.freeze?.by ?? 'nobody'}: the nodes sign again`]
    case 'rename group':
      return [`Rename the group "${intent.OldName}" to "${intent.NewName}", in every rule too`]
    case 'create master key':
      return [`Create the master key "${intent.Name}"`]
    case 'refresh master key':
      return [
        `Make new shares of master key "${intent.Name}" (epoch ${intent.Epoch}): same key, same addresses`,
        'The old shares are erased; old backups still open the key: destroy them',
      ]
    case 'create account':
      return [`Create the account "${intent.Name}" under master key "${intent.MasterKey}"`]
    case 'set ers public key':
      return ersLines(state, intent)
    case 'backup master key':
      return [
        `Hand out the encrypted backup of master key "${intent.Name}"`,
        `Only the holder of the ERS key ${toHex(state.genesis.ersFingerprint)} can open it`,
      ]
    case 'update transaction restriction':
      return restrictionLines('transaction', state.restrictions, intent)
    case 'update config restriction':
      return restrictionLines('configuration', state.configRestrictions, intent)
    case 'update policy restriction':
      return restrictionLines('policy', state.policyRestrictions, intent)
    case 'update rates':
      return ['Change rates in US dollars', ...intent.Updates.map(update => rateLine(state, update))]
    case 'register custom chain':
      return [
        `Register the chain ${intent.ChainName} (${intent.CAIP19.split('/')[0]}${intent.TestNet ? ', test network' : ''})`,
        `Native asset ${intent.NativeAssetSymbol} with ${intent.NativeAssetDecimals} decimals (${intent.CAIP19})`,
      ]
    case 'unregister chain':
      return [`Unregister the chain ${intent.CAIP2}`]
    case 'unregister token':
      return [`Unregister the token ${intent.CAIP19}`]
    case 'register token':
      return [
        `Register the token ${intent.Symbol} with ${intent.Decimals} decimals`,
        `Contract ${intent.CAIP19}`,
        'Amounts of this token will be shown and limited by these decimals',
      ]
  }
}

function signingLines(state: VaultState, intent: IntentOf<'make transaction'> | IntentOf<'generic signing'>): string[] {
  const context = chainContext(state, assetOf(state, intent.CAIP19).chain.caip2)
  const raw = 'RawTransaction' in intent ? intent.RawTransaction : undefined
  const effects =
    raw === undefined ? intentEffects(state, intent) : decodeEffects(parseHex(raw), intent.Source.Address, context)
  if (effects === undefined) return []
  const { MasterKeyName, AccountName, AddressIndex } = intent.Source
  const lines = [
    ...describe(effects, context),
    `Paid from account "${AccountName}" of master key "${MasterKeyName}", address ${AddressIndex}`,
  ]
  for (const { destination } of effects.movements) {
    const own = ownAddress(state, destination)
    if (own !== undefined)
      lines.push(`${destination} is this vault's account "${own.account}" of master key "${own.masterKey}"`)
  }
  if (intent.OperationType === 'make transaction') {
    lines.push(...callLines(intent))
    if (intent.EVM?.Nonce !== undefined) lines.push(`Nonce ${intent.EVM.Nonce}`)
  }
  return [...lines, `Grade: ${gradeTexts[effects.grade]}`]
}

const gradeTexts = {
  decoded: 'decoded, all of its effects are shown',
  exact: 'exact, but what the called code does is not known',
  opaque: 'OPAQUE, its contents are the word of whoever wrote it',
}

/** Call data of a structured request: `describe` shows those of raw transactions. */
function callLines(intent: IntentOf<'make transaction'>): string[] {
  if (intent.RawTransaction !== undefined || intent.EVM?.Data === undefined) return []
  const data = parseHex(intent.EVM.Data)
  const call = decodeCall(data)
  const words = call?.words.map(({ name, value }) => `${name} ${value}`).join(', ')
  return [
    ...(call === undefined ? [] : [`Function ${call.name}(${words})`]),
    `Data, ${data.length} bytes, SHA-256 ${toHex(sha256(data))}`,
    `  ${formatHex(data)}`,
  ]
}

function deviceLines(state: VaultState, { UserID, PublicKey }: IntentOf<'set user public key'>): string[] {
  const old = activeKeyOf(state, UserID)
  const id = deviceKeyId(fromBase64(PublicKey))
  const vouching = state.vouchings.get(id)
  const vouched = vouching?.user === UserID.toLowerCase()
  return [
    `Make a device key the one of ${UserID}: what it signs counts as ${UserID}`,
    `Key ${id}`,
    `In words: ${fingerprintWords(id)}`,
    vouched
      ? `Vouched for by your identity provider: yes, at ${new Date(vouching.time).toISOString()}, for use in the ${vouching.channel}`
      : 'Vouched for by your identity provider: NO, so it counts as the key of a program (automated)',
    old === undefined ? 'The user has no device key yet' : `It REPLACES the device key ${old.id}`,
  ]
}

/** What the founders read to each other before they approve. */
function sealLines(intent: IntentOf<'seal'>): string[] {
  return [
    'Seal the vault: from now on these keys count, and nothing else gives authority',
    `Vault ${fingerprintWords(intent.Genesis)} (${intent.Genesis})`,
    `Owners are the group "${intent.OwnerGroup}", ${intent.ApprovalsRequired} of ${intent.Users.length} must approve`,
    ...intent.Users.flatMap(({ UserID, KeyFingerprint, Channel }) => [
      `${UserID}, key used in the ${Channel}: ${fingerprintWords(KeyFingerprint)}`,
      `  ${KeyFingerprint}`,
    ]),
    ...intent.MasterKeys.map(({ Name, Curve, PublicKey }) => `Master key "${Name}" (${Curve}): ${PublicKey}`),
    ...intent.Rates.map(
      ({ Asset, USDRate, USDMin, USDMax }) => `Rate of ${Asset}: ${rateText(USDRate, USDMin, USDMax)} US dollars`,
    ),
    'Compare every line with every other founder, by voice, before you approve',
  ]
}

function groupLines(state: VaultState, intent: IntentOf<'update group'>): string[] {
  const rights = state.setup?.ownerGroup === intent.Group ? ' (the owners of this vault)' : ''
  return [
    `Change the group "${intent.Group}"${rights}`,
    ...intent.AddUsers.map(user => `Add ${user}`),
    ...intent.RemoveUsers.map(user => `Remove ${user}`),
    `Members now: ${state.groups.get(intent.Group)?.members.join(', ') || 'none'}`,
  ]
}

function ersLines({ genesis }: VaultState, { Key }: IntentOf<'set ers public key'>): string[] {
  const fingerprint = sha256(fromBase64(Key))
  const pinned = equalBytes(fingerprint, genesis.ersFingerprint)
  return [
    'Set the ERS public key, to which master keys are backed up',
    `Fingerprint ${toHex(fingerprint)}`,
    pinned ? 'It is the key that the node admins pinned' : 'It is NOT the key that the node admins pinned',
  ]
}

function rateLine({ rates }: VaultState, { Asset, ...update }: IntentOf<'update rates'>['Updates'][number]): string {
  const { usdRate, usdMin, usdMax } = rates.get(Asset) ?? {}
  return `${Asset}: ${rateText(update.USDRate, update.USDMin, update.USDMax)} (now ${rateText(usdRate, usdMin, usdMax)})`
}

function rateText(rate?: string, min?: string, max?: string): string {
  const parts = [rate && `rate ${rate}`, min && `at least ${min}`, max && `at most ${max}`]
  return parts.filter(Boolean).join(', ') || 'none'
}

function restrictionLines<R extends ApproverRestriction>(
  kind: RuleKind,
  rules: { get(id: string): R | undefined },
  { Add, Delete }: { Add?: R; Delete?: R },
): string[] {
  const shown = (rule: R | undefined): R | undefined => rule && (rules.get(rule.RestrictionID) ?? rule)
  const changes =
    Add?.RestrictionID === Delete?.RestrictionID
      ? [describeChange(shown(Delete), Add, kind)]
      : [describeChange(shown(Delete), undefined, kind), describeChange(undefined, Add, kind)]
  return [`Change the ${kind} rules`, ...changes.flat()]
}

const moneyLine: Readonly<Record<MoneyDefault, string>> = {
  initiator: 'The initiator ALONE is enough for every signature that no rule asks more for, WITHOUT the owner quorum',
  'owner quorum': 'Every signature needs the owner quorum, besides the initiator and the rules',
}

/** What the owners decide about the vault as a whole. */
function settingLines({ settings }: VaultState, intent: IntentOf<'update settings'>): string[] {
  const { PendingExpirySeconds: expiry, LooseningDelaySeconds: delay, NoSelfApproval, MoneyDefault } = intent
  const hours = (seconds: number): string => `${seconds / 3600} hours`
  return [
    "Change the vault's settings",
    ...(expiry === undefined
      ? []
      : [`Operations expire after ${hours(expiry)} without approvals (now ${hours(settings.pendingLifetime / 1000)})`]),
    ...(delay === undefined
      ? []
      : [`Approved loosenings wait ${hours(delay)} before they act (now ${hours(settings.looseningDelay / 1000)})`]),
    ...(NoSelfApproval === undefined
      ? []
      : [
          NoSelfApproval
            ? "The initiator's approval does NOT count for the approvers of rules"
            : "The initiator's approval COUNTS for the approvers of rules",
        ]),
    ...(MoneyDefault === undefined ? [] : [`${moneyLine[MoneyDefault]} (now ${settings.moneyDefault})`]),
  ]
}
