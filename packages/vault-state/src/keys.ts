import { ed25519 } from '@noble/curves/ed25519.js'
import { HDKey } from '@scure/bip32'
import { addressOfPublicKey, derivationPath } from '@trivault/chains'
import { encode, equalBytes, utf8 } from '@trivault/codec'
import {
  type CommandOf,
  type Genesis,
  type KeyReport,
  keyReportCodec,
  require,
  taggedHash,
  VaultError,
} from '@trivault/protocol'
import { accountOf, activeMasterKeyOf, chainOf, masterKeyOf } from './lookup.ts'
import { checkName } from './people.ts'
import {
  type Account,
  type Address,
  accountKey,
  addressKey,
  type MasterKey,
  type Position,
  type VaultState,
} from './state.ts'

const none = new Uint8Array(0)
/** Coin types for which a new account gets its first address at once: one per supported chain family. */
const familySlip44 = [60]

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
    curve: 'ECDSA_SECP256K1',
    keyId: taggedHash('master-key', state.vaultId, utf8(`${at.seq}/${at.index}/${name}`)),
    operationId,
    accountsAtActivation: accounts,
    publicKey: none,
    chainCode: none,
    publicShares: [],
    transcriptHash: none,
    backupHashes: [],
    accountCount: 0,
  }
  return { ...state, masterKeys: state.masterKeys.set(name, key) }
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

/** The only door to a usable key (I7): three equal reports, each signed by its node, made to the pinned ERS key. */
export function activateKey(
  state: VaultState,
  { report, signatures }: CommandOf<'activateKey'>,
  at: Position,
): VaultState {
  const key = masterKeyOf(state, report.masterKey)
  require(key.status === 'requested', 'duplicate-master-key', `master key ${key.name} is active`)
  const bad = (what: string): never => {
    throw new VaultError('bad-key-report', `key report of ${key.name}: ${what}`)
  }
  if (!equalBytes(report.vaultId, state.vaultId)) bad('another vault')
  if (!equalBytes(report.ersFingerprint, state.genesis.ersFingerprint)) bad('another ERS key than the pinned one')
  if (report.curve !== key.curve) bad('another curve')
  const { identityKeys } = state.genesis
  if (
    identityKeys.length !== signatures.length ||
    report.publicShares.length !== identityKeys.length ||
    report.backupHashes.length !== identityKeys.length
  )
    bad('one signature, share and backup per node expected')
  signatures.forEach((signature, node) => {
    if (!signedReport(state.genesis, node, report, signature)) bad(`signature of node ${node} does not verify`)
  })
  const active: MasterKey = {
    ...key,
    status: 'active',
    publicKey: report.publicKey,
    chainCode: report.chainCode,
    publicShares: report.publicShares,
    transcriptHash: report.transcriptHash,
    backupHashes: report.backupHashes,
    accountsAtActivation: [],
  }
  let next: VaultState = { ...state, masterKeys: state.masterKeys.set(key.name, active) }
  for (const account of key.accountsAtActivation) next = createAccount(next, key.name, account, at)
  return next
}

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
  for (const slip44 of familySlip44) next = addAddress(next, key, account, slip44, 0)
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

export function nextAddressIndex(state: VaultState, masterKey: string, account: string, slip44: number): number {
  let index = 0
  while (state.addresses.has(addressKey(masterKey, account, slip44, index))) index++
  return index
}

/** Path of an address below its master key, BIP-32 non-hardened: 44 / coin type / account / index. */
export function pathOf(state: VaultState, address: Address): readonly number[] {
  return derivationPath(address.slip44, accountOf(state, address.masterKey, address.account).index, address.index)
}

/** Child public key (compressed), BIP-32 non-hardened. */
export function deriveChildKey(publicKey: Uint8Array, chainCode: Uint8Array, path: readonly number[]): Uint8Array {
  let key = new HDKey({ publicKey, chainCode })
  for (const step of path) key = key.deriveChild(step)
  if (key.publicKey === null) throw new VaultError('internal-error', 'derivation gave no public key')
  return key.publicKey
}

function addAddress(state: VaultState, key: MasterKey, account: Account, slip44: number, index: number): VaultState {
  const publicKey = deriveChildKey(key.publicKey, key.chainCode, derivationPath(slip44, account.index, index))
  const address: Address = {
    address: addressOfPublicKey(publicKey),
    masterKey: key.name,
    account: account.name,
    slip44,
    index,
    publicKey,
  }
  const id = addressKey(key.name, account.name, slip44, index)
  return {
    ...state,
    addresses: state.addresses.set(id, address),
    addressOwners: state.addressOwners.set(address.address.toLowerCase(), id),
  }
}
