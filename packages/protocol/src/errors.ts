/**
 * Why a command, an operation or a request was refused. The M-code is what API clients see; it never changes its meaning.
 * M0001 and M0025 are the contract's own examples, the others are ours.
 */
export const vaultErrors = {
  'internal-error': 'M0001',
  malformed: 'M0002',
  'blocked-by-policy': 'M0025',
  'not-set-up': 'M0100',
  'already-populated': 'M0101',
  'not-sealed': 'M0102',
  'unknown-user': 'M0110',
  'duplicate-user': 'M0111',
  'unknown-group': 'M0112',
  'duplicate-group': 'M0113',
  'unknown-key': 'M0114',
  'bad-public-key': 'M0115',
  'user-has-key': 'M0116',
  'quorum-would-break': 'M0117',
  'unknown-chain': 'M0120',
  'chain-conflict': 'M0121',
  'unknown-token': 'M0122',
  'token-conflict': 'M0123',
  'still-in-use': 'M0201',
  'unknown-master-key': 'M0130',
  'duplicate-master-key': 'M0131',
  'master-key-not-active': 'M0132',
  'unknown-account': 'M0133',
  'duplicate-account': 'M0134',
  'address-index-gap': 'M0135',
  'unknown-address': 'M0136',
  'ers-key-not-pinned': 'M0137',
  'bad-key-report': 'M0138',
  'unknown-operation': 'M0140',
  'duplicate-operation': 'M0141',
  'operation-not-pending': 'M0142',
  'operation-not-executing': 'M0143',
  'approvals-missing': 'M0144',
  'bad-signature': 'M0145',
  'already-approved': 'M0146',
  'not-an-approver': 'M0147',
  'too-many-operations': 'M0148',
  'stale-timestamp': 'M0149',
  'intent-mismatch': 'M0150',
  'unsupported-operation': 'M0151',
  'cold-wallet-not-enabled': 'M0202',
  'bad-amount': 'M0160',
  'bad-address': 'M0161',
  'bad-transaction': 'M0162',
  'transaction-differs': 'M0163',
  'slot-conflict': 'M0164',
  'opaque-refused': 'M0165',
  'unknown-restriction': 'M0170',
  'bad-restriction': 'M0171',
  'no-rate': 'M0172',
  'bad-rate': 'M0200',
  frozen: 'M0240',
  'bad-hold': 'M0241',
  'hold-replayed': 'M0242',
  'not-frozen': 'M0243',
  'delay-not-over': 'M0244',
  'velocity-exceeded': 'M0245',
  'bad-settings': 'M0246',
  expired: 'M0180',
  rejected: 'M0181',
  cancelled: 'M0182',
  vetoed: 'M0247',
  'signing-failed': 'M0190',
  'broadcast-failed': 'M0191',
  'rpc-not-configured': 'M0192',
  'node-down': 'M0193',
  'refresh-running': 'M0260',
  'not-vouched': 'M0220',
  'bad-id-token': 'M0221',
  'key-not-pinned': 'M0222',
  'issuer-key-not-pinned': 'M0223',
  'no-possession': 'M0224',
  'other-identity': 'M0225',
  'founding-incomplete': 'M0226',
  'already-sealed': 'M0227',
  'bad-founding-epoch': 'M0228',
} as const

export type VaultErrorCode = keyof typeof vaultErrors

/** A refusal with a stable code; `message` says what is wrong and what to do. */
export class VaultError extends Error {
  readonly code: VaultErrorCode
  constructor(code: VaultErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'VaultError'
    this.code = code
  }
  get mCode(): string {
    return vaultErrors[this.code]
  }
}

/** Throws unless `condition` holds. */
export function require(condition: boolean, code: VaultErrorCode, message: string): asserts condition {
  if (!condition) throw new VaultError(code, message)
}
