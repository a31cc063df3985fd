import type { ExactBodyOf, ExactResponseOf } from '@trivault/api-contract'
import { type OperationType, type Status, vaultErrors } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import type { WalletView } from '../view.ts'
import { badRequest } from './errors.ts'
import { type Progress, progressOf, waitingProgress } from './status.ts'

type Request = ExactBodyOf<'cwpsearchOperationInfos'>
type Answer = ExactResponseOf<'cwpsearchOperationInfos'>

interface Place {
  time: number
  id: string
}

interface Row extends Place {
  type: OperationType
  initiator: string
  progress: () => Progress
}

const final: readonly Status[] = ['Failed', 'Succeeded']

/**
 * Newest first. Without Statuses only what is not final; Size 0 or none: everything. The token names the last row that was
 * given, so pages stay in place while operations come. Throws `ServiceError` bad-request for a token that is none.
 */
export function searchOperationsOf(view: WalletView, request: Request): Answer {
  const { OperationIDs = [], OperationTypes = [], Statuses = [] } = request.Filter ?? {}
  const { Size = 0, Token = '' } = request.Pagination ?? {}
  const after = Token === '' ? undefined : placeOf(Token)
  const rows = rowsOf(view, view.state())
    .filter(row => OperationIDs.length === 0 || OperationIDs.includes(row.id))
    .filter(row => OperationTypes.length === 0 || OperationTypes.includes(row.type))
    .filter(row => after === undefined || newestFirst(after, row) < 0)
    .sort(newestFirst)
  const found: { row: Row; progress: Progress }[] = []
  for (const row of rows) {
    const progress = row.progress()
    const wanted = Statuses.length === 0 ? !final.includes(progress.status) : Statuses.includes(progress.status)
    if (wanted) found.push({ row, progress })
    if (Size > 0 && found.length > Size) break
  }
  const page = Size > 0 ? found.slice(0, Size) : found
  const last = page.at(-1)
  return {
    Infos: page.map(({ row, progress }) => ({
      OperationID: row.id,
      OperationType: row.type,
      Status: progress.status,
      ...(row.initiator !== '' && { InitiatorID: row.initiator }),
      CreatedTime: new Date(row.time).toISOString(),
      ...(progress.failure !== undefined && { ErrorCode: vaultErrors[progress.failure.code] }),
    })),
    PaginationToken: last !== undefined && found.length > page.length ? tokenOf(last.row) : '',
  }
}

function rowsOf(view: WalletView, state: VaultState): Row[] {
  const logged = state.operations.values().map(operation => ({
    id: operation.id,
    time: operation.createdAt,
    type: operation.type,
    initiator: operation.intent.InitiatorID,
    progress: () => progressOf(view, state, operation),
  }))
  const waiting = view
    .allWaiting()
    .filter(({ id }) => !state.operations.has(id))
    .map(operation => ({
      id: operation.id,
      time: operation.createdAt,
      type: operation.type,
      initiator: operation.intent.InitiatorID,
      progress: () => waitingProgress(operation),
    }))
  return [...logged, ...waiting]
}

function newestFirst(a: Place, b: Place): number {
  return b.time - a.time || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}

function tokenOf({ time, id }: Place): string {
  return Buffer.from(`${time}.${id}`).toString('base64url')
}

function placeOf(token: string): Place {
  const match = /^(\d{1,16})\.([a-zA-Z0-9-]{1,96})$/.exec(Buffer.from(token, 'base64url').toString('latin1'))
  const place = match === null ? undefined : { time: Number(match[1]), id: match[2] ?? '' }
  if (place === undefined || tokenOf(place) !== token)
    throw badRequest('Pagination.Token: give the PaginationToken of an earlier answer, unchanged, or none')
  return place
}
