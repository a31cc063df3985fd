import { fromHex, type JsonOf, json, parseJson, toHex } from '@trivault/codec'
import { withinBounds } from './entry.ts'

/** Name of the request in the anchor's directory. */
export const RECREATE_FILE = 'recreate.json'

const hex32 = json.string({ pattern: /^[0-9a-f]{64}$/, what: '64 lower-case hex digits' })
const requestJson = json.object({ vaultId: hex32, node: json.integer(2), headSeq: json.integer(), headHash: hex32 })

/** A node admin's request to have a lost vote record re-created: the newest entry of both peers, as the admins compared it. */
export interface RecreateRequest {
  vaultId: Uint8Array
  node: number
  head: { seq: number; hash: Uint8Array }
}

export function encodeRecreateRequest({ vaultId, node, head }: RecreateRequest): string {
  const request: JsonOf<typeof requestJson> = {
    ...{ vaultId: toHex(vaultId), node },
    ...{ headSeq: head.seq, headHash: toHex(head.hash) },
  }
  return `${requestJson.write(request)}\n`
}

/** Throws `LedgerError` malformed. */
export function decodeRecreateRequest(text: string): RecreateRequest {
  return withinBounds('request', () => {
    const { vaultId, node, headSeq, headHash } = requestJson.read(parseJson(text))
    return { vaultId: fromHex(vaultId), node, head: { seq: headSeq, hash: fromHex(headHash) } }
  })
}
