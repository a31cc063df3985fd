import { BaseError, HttpRequestError, RpcRequestError, TimeoutError } from 'viem'

export type ChainClientErrorCode =
  | 'rpc_not_configured'
  | 'rpc_url_malformed'
  | 'rpc_unreachable'
  | 'rpc_timeout'
  | 'rpc_wrong_chain'
  | 'rpc_bad_answer'
  | 'rpc_refused'
  | 'not_a_token'
  | 'execution_reverted'
  | 'insufficient_funds'
  | 'fee_too_low'
  | 'nonce_taken'
  | 'not_confirmed'

/** Never names an RPC URL, which may hold a key; so viem's errors, which do, are not kept as cause either. */
export class ChainClientError extends Error {
  readonly code: ChainClientErrorCode

  constructor(code: ChainClientErrorCode, message: string) {
    super(message)
    this.name = 'ChainClientError'
    this.code = code
  }
}

/** The setting of the wallet's configuration that holds a chain's RPC URL. */
export function rpcSetting(caip2: string): string {
  return `chains["${caip2}"].rpcUrl`
}

// Nodes agree on no codes for these, only on words.
const refusals: readonly (readonly [RegExp, ChainClientErrorCode])[] = [
  [/insufficient funds|out ?of ?funds/i, 'insufficient_funds'],
  [/nonce (is )?too low|invalid nonce|old nonce/i, 'nonce_taken'],
  [/underpriced|max fee per gas less than|fee ?cap (is )?(too low|less than)|feetoolow/i, 'fee_too_low'],
  [/revert/i, 'execution_reverted'],
]

/** What went wrong in a call to the RPC endpoint of a chain. */
export function fromRpc(error: unknown, caip2: string): ChainClientError {
  if (error instanceof ChainClientError) return error
  const found = <E>(kind: abstract new (...args: never[]) => E): E | undefined => {
    const inner = error instanceof BaseError ? error.walk(cause => cause instanceof kind) : undefined
    return inner instanceof kind ? inner : undefined
  }
  const endpoint = `the RPC endpoint of ${caip2} (setting ${rpcSetting(caip2)})`
  if (found(TimeoutError) !== undefined)
    return new ChainClientError('rpc_timeout', `${endpoint} did not answer in time`)
  const http = found(HttpRequestError)
  if (http !== undefined) {
    const reason = http.status === undefined ? 'cannot be reached' : `answered with HTTP status ${http.status}`
    return new ChainClientError('rpc_unreachable', `${endpoint} ${reason}`)
  }
  const refused = found(RpcRequestError)
  if (refused !== undefined) {
    const words = refused.details.replace(/\b\w+:\/\/\S+/g, '(URL)').slice(0, 300)
    const code = refusals.find(([pattern]) => pattern.test(words))?.[1] ?? 'rpc_refused'
    return new ChainClientError(code, `${endpoint} refused: ${words}`)
  }
  return new ChainClientError('rpc_bad_answer', `${endpoint} gave an answer that cannot be understood`)
}
