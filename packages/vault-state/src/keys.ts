import { ed25519 } from '@noble/curves/ed25519.js'
import { comparableAddress, derivationPath, families } from '@trivault/chains'
import { encode, equalBytes, utf8 } from '@trivault/codec'
import {
  type CommandOf,
  type Curve,
  curves,
  type Genesis,
  type KeyReport,
  keyReportCodec,
  require,
  type SignedReports,
  taggedHash,
  VaultError,
} from '@trivault/protocol'
import { deriveAddress } from './derivation.ts'
import { accountOf, activeMasterKeyOf, awaitedEpoch, chainOf, masterKeyOf, requestOf } from './lookup.ts'
import { checkName } from './people.ts'
import {
  type Account,
  type Address,
  accountKey,
  addressKey,
  type CurveKey,
  type MasterKey,
  type Position,
  type VaultState,
} from './state.ts'

const publicKeyLength: Readonly<Record<Curve, number>> = { ECDSA_SECP256K1: 33, EdDSA_Ed25519: 32 }

/** Asks the nodes for a new master key. */
export function requestMasterKey(
  state: VaultState,
  name: string,
  accounts: readonly string[],
  operationId: string | undefined,
  at: Position,
): VaultState {
  checkName(name, 'master key name')
  require(!state.masterKeys.has(name), 'duplicate-master-key', `master key ${name} exists`)
  const key: MasterKey = {
    name,
    status: 'requested',
    keyId: taggedHash('master-key', state.vaultId, utf8(`${at.seq}/${at.index}/${name}`)),
    operationId,
    accountsAtActivation: accounts,
    keys: [],
    epoch: 0,
    refresh: undefined,
    accountCount: 0,
  }
  return { ...state, masterKeys: state.masterKeys.set(name, key) }
}

/** Asks the nodes for new shares of an active master key: same key, same addresses. */
export function requestRefresh(state: VaultState, name: string, epoch: number, operationId: string): VaultState {
  const key = activeMasterKeyOf(state, name)
  require(awaitedEpoch(state, key) === undefined, 'refresh-running', `master key ${name} is being refreshed`)
  require(epoch === key.epoch + 1, 'intent-mismatch', `Epoch: the next one of master key ${name} is ${key.epoch + 1}`)
  return { ...state, masterKeys: state.masterKeys.set(name, { ...key, refresh: operationId }) }
}

/** What a node signs about a new key. */
export function keyReportDigest(report: KeyReport): Uint8Array {
  return taggedHash('key-report', encode(keyReportCodec, report))
}

/** Did node `node` sign this report? */
export function signedReport(genesis: Genesis, node: number, report: KeyReport, signature: Uint8Array): boolean {
  const identity = genesis.identityKeys[node]
  return identity !== undefined && ed25519.verify(signature, keyReportDigest(report), identity, { zip215: false })
}

/**
 * The only door to a usable key (I7), and to new shares of it: for each curve three equal reports, each signed by its node, made
 * to the pinned ERS key.
 */
export function activateKey(state: VaultState, { keys }: CommandOf<'activateKey'>, at: Position): VaultState {
  const key = masterKeyOf(state, reportedKey(keys))
  const epoch = awaitedEpoch(state, key)
  if (epoch === undefined) throw new VaultError('duplicate-master-key', `master key ${key.name} is active`)
  const isEachCurve = keys.length === curves.length && curves.every((curve, i) => keys[i]?.report.curve === curve)
  require(isEachCurve, 'bad-key-report', `key reports of ${key.name}: one for each of ${curves.join(', ')}, in this order`)
  const active: MasterKey = {
    ...key,
    status: 'active',
    keys: keys.map(signed => activated(state, key, epoch, signed)),
    epoch,
    accountsAtActivation: [],
  }
  let next: VaultState = { ...state, masterKeys: state.masterKeys.set(key.name, active) }
  for (const account of key.accountsAtActivation) next = createAccount(next, key.name, account, at)
  return next
}

/** The master key that an `activateKey` is about; empty for one without reports. */
export function reportedKey(keys: CommandOf<'activateKey'>['keys']): string {
  return keys[0]?.report.masterKey ?? ''
}

function activated(state: VaultState, key: MasterKey, epoch: number, { report, signatures }: SignedReports): CurveKey {
  const { name: masterKey, keys } = key
  const bad = (what: string): never => {
    throw new VaultError('bad-key-report', `key report of ${masterKey} on ${report.curve}: ${what}`)
  }
  if (report.masterKey !== masterKey) bad('another master key')
  if (!equalBytes(report.vaultId, state.vaultId)) bad('another vault')
  if (!equalBytes(report.ersFingerprint, state.genesis.ersFingerprint)) bad('another ERS key than the pinned one')
  if (report.epoch !== epoch) bad('another epoch than the awaited one')
  if (report.operationId !== requestOf(key)) bad('asked for by another operation')
  const { identityKeys } = state.genesis
  if (
    identityKeys.length !== signatures.length ||
    report.publicShares.length !== identityKeys.length ||
    report.backupHashes.length !== identityKeys.length
  )
    bad('one signature, share and backup per node expected')
  const { curve, publicKey, chainCode, publicShares, transcriptHash, backupHashes } = report
  if ([publicKey, ...publicShares].some(({ length }) => length !== publicKeyLength[curve]))
    bad('keys and shares of another length than those of the curve')
  const old = keys.find(one => one.curve === curve)
  if (old !== undefined && !(equalBytes(old.publicKey, publicKey) && equalBytes(old.chainCode, chainCode)))
    bad('a refresh keeps key and chain code')
  signatures.forEach((signature, node) => {
    if (!signedReport(state.genesis, node, report, signature)) bad(`signature of node ${node} does not verify`)
  })
  return { curve, publicKey, chainCode, publicShares, transcriptHash, backupHashes }
}

/** Throws `VaultError` malformed, unknown-master-key, master-key-not-active, duplicate-account. */
export function checkNewAccount(state: VaultState, masterKey: string, name: string): void {
  checkName(name, 'account name')
  activeMasterKeyOf(state, masterKey)
  require(!state.accounts.has(
    accountKey(masterKey, name),
  ), 'duplicate-account', `account ${name} exists under master key ${masterKey}`)
}

/** A new account with its main address (index 0). */
export function createAccount(state: VaultState, masterKey: string, name: string, at: Position): VaultState {
  checkNewAccount(state, masterKey, name)
  const key = activeMasterKeyOf(state, masterKey)
  const account: Account = {
    masterKey,
    name,
    index: key.accountCount,
    number: state.accounts.size + 1,
    createdAt: at.time,
  }
  let next: VaultState = {
    ...state,
    accounts: state.accounts.set(accountKey(masterKey, name), account),
    masterKeys: state.masterKeys.set(masterKey, { ...key, accountCount: key.accountCount + 1 }),
  }
  for (const { slip44 } of Object.values(families)) next = addAddress(next, key, account, slip44, 0)
  return next
}

/** The next address index of an account on a chain's family; an index that exists is left as it is. */
export function allocateAddress(state: VaultState, command: CommandOf<'allocateAddress'>): VaultState {
  const { slip44 } = chainOf(state, command.caip2)
  const key = activeMasterKeyOf(state, command.masterKey)
  const account = accountOf(state, command.masterKey, command.account)
  if (state.addresses.has(addressKey(key.name, account.name, slip44, command.index))) return state
  const next = nextAddressIndex(state, key.name, account.name, slip44)
  require(command.index === next, 'address-index-gap', `the next address index is ${next}`)
  return addAddress(state, key, account, slip44, next)
}

/** The first index without an address; indices have no gaps. */
export function nextAddressIndex(state: VaultState, masterKey: string, account: string, slip44: number): number {
  let index = 0
  while (state.addresses.has(addressKey(masterKey, account, slip44, index))) index++
  return index
}

/** Path of an address below its master key, non-hardened: 44 / coin type / account / index. */
export function pathOf(state: VaultState, address: Address): readonly number[] {
  return derivationPath(address.slip44, accountOf(state, address.masterKey, address.account).index, address.index)
}

function addAddress(state: VaultState, key: MasterKey, account: Account, slip44: number, index: number): VaultState {
  const derived = deriveAddress(key, slip44, account.index, index)
  const address: Address = { ...derived, masterKey: key.name, account: account.name, slip44, index }
  const id = addressKey(key.name, account.name, slip44, index)
  return {
    ...state,
    addresses: state.addresses.set(id, address),
    addressOwners: state.addressOwners.set(comparableAddress(address.address), id),
  }
}
