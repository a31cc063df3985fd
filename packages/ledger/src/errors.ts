/**
 * What the ledger refuses with. `malformed` bytes that are no canonical value; `committee` bad keys at construction;
 * `certificate` not three valid votes; `chain` an entry that does not continue the log; `fold` a certified entry that this
 * machine refuses; `fork` two certified entries for one sequence number; `anchor` no usable vote record; `anchor-unreachable` and
 * `anchor-refused` an anchor that does not answer, or not this node: nothing is known of its row; `store` the entry store contradicts itself; `stopped` closed by its owner; `lost` a kept entry whose bytes nobody has.
 */
export type LedgerErrorCode =
  | 'malformed'
  | 'committee'
  | 'certificate'
  | 'chain'
  | 'fold'
  | 'fork'
  | 'anchor'
  | 'anchor-unreachable'
  | 'anchor-refused'
  | 'store'
  | 'stopped'
  | 'lost'

export class LedgerError extends Error {
  readonly code: LedgerErrorCode
  constructor(code: LedgerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'LedgerError'
    this.code = code
  }
}
