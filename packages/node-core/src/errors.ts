export type NodeErrorCode =
  | 'seal-broken'
  | 'record-conflict'
  | 'record-missing'
  | 'wrong-identity'
  | 'wrong-ers-key'
  | 'bad-secret'

export class NodeError extends Error {
  readonly code: NodeErrorCode
  constructor(code: NodeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'NodeError'
    this.code = code
  }
}
