import type { ExactResponseOf } from '@trivault/api-contract'
import { decodeEntry } from '@trivault/ledger'
import { type Operation, operationOf, partCount, type VaultState } from '@trivault/vault-state'
import { ServiceError } from '../service.ts'
import type { Delivery, WaitingOperation, WalletView } from '../view.ts'
import { spelling } from './people.ts'

type Timeline = ExactResponseOf<'trivaultOperationTimeline'>
type Step = Timeline['Steps'][number]
type Times = ExactResponseOf<'trivaultActivity'>['Operations'][number]

const newest = 300
const newestSigned = 100
const isoTime = (time: number): string => new Date(time).toISOString()

/** Every step of an operation in order. Throws `ServiceError` not-found. */
export async function timelineOf(view: WalletView, id: string): Promise<Timeline> {
  const state = view.state()
  if (!state.operations.has(id)) {
    const waiting = view.waiting(id)
    if (waiting === undefined) throw new ServiceError('not-found', `operation ${id} is not known`)
    return { OperationID: id, Steps: waitingSteps(waiting) }
  }
  const operation = operationOf(state, id)
  const expires = state.pending.get(id)
  const open = operation.phase === 'pending'
  return {
    OperationID: id,
    Steps: [...(await logSteps(view, state, operation)), ...chainSteps(view.deliveries(id), partsOf(operation))],
    ...(open && expires !== undefined && { ExpiresAt: isoTime(expires) }),
    ...(open && operation.waitsUntil !== undefined && { WaitsUntil: isoTime(operation.waitsUntil) }),
  }
}

function waitingSteps({ createdAt, intent, refused }: WaitingOperation): Step[] {
  const by = intent.InitiatorID === '' ? {} : { By: intent.InitiatorID }
  return [
    { Kind: 'received', At: isoTime(createdAt), ...by },
    ...(refused === undefined ? [] : [{ Kind: 'failed' as const, At: isoTime(refused.at), Note: refused.message }]),
  ]
}

const isSigning = ({ intent }: Operation): boolean =>
  intent.OperationType === 'make transaction' || intent.OperationType === 'generic signing'

const partsOf = ({ intent }: Operation): number => (intent.OperationType === 'make transaction' ? partCount(intent) : 1)

async function logSteps(view: WalletView, state: VaultState, operation: Operation): Promise<Step[]> {
  const { intent, createdAt, approvals, executions, rejectedBy, failure, finishedAt, phase } = operation
  const Parts = partsOf(operation)
  const executed: Step[] = []
  for (const { part, seq } of executions)
    executed.push({ Kind: 'executed', At: isoTime(await timeOf(view, seq)), ...(Parts > 1 && { Part: part, Parts }) })
  const signed = executions.filter(({ signature }) => signature !== undefined)
  const end = finishedAt === undefined ? {} : { At: isoTime(finishedAt) }
  return [
    { Kind: 'started', At: isoTime(createdAt), ...(intent.InitiatorID !== '' && { By: intent.InitiatorID }) },
    ...approvals.map(({ user, time }): Step => ({ Kind: 'approved', At: isoTime(time), By: spelling(state, user) })),
    ...executed,
    ...signed.map(
      ({ part }): Step => ({
        Kind: 'signed',
        ...(phase === 'succeeded' && end),
        ...(Parts > 1 && { Part: part, Parts }),
      }),
    ),
    ...(phase === 'succeeded' && !isSigning(operation) ? [{ Kind: 'done' as const, ...end }] : []),
    ...(rejectedBy === undefined ? [] : [{ Kind: 'rejected' as const, ...end, By: spelling(state, rejectedBy) }]),
    ...(failure === undefined ? [] : [{ Kind: 'failed' as const, At: isoTime(failure.time), Note: failure.reason }]),
  ]
}

const chainKinds = {
  waiting: 'handing over',
  sent: 'sent',
  confirmed: 'confirmed',
  rejected: 'refused by the chain',
} as const satisfies Record<Delivery['status'], Step['Kind']>

const chainSteps = (deliveries: readonly Delivery[], Parts: number): Step[] =>
  deliveries.map(({ part, status, transactionHash, error, updatedAt }) => ({
    Kind: chainKinds[status],
    At: isoTime(updatedAt),
    ...(Parts > 1 && { Part: part, Parts }),
    Note: error ?? transactionHash,
  }))

/** The newest operations; how long the newest signatures took, from the entry that ordered them to the last one in the log. */
export async function activityOf(view: WalletView): Promise<ExactResponseOf<'trivaultActivity'>> {
  const operations = view
    .state()
    .operations.values()
    .sort((a, b) => b.createdAt - a.createdAt || b.seq - a.seq)
    .slice(0, newest)
  const Operations: Times[] = []
  let measured = 0
  for (const operation of operations) {
    const took = measured < newestSigned ? await signingTime(view, operation) : undefined
    if (took !== undefined) measured += 1
    Operations.push(timesOf(operation, took))
  }
  return { Operations }
}

function timesOf({ id, type, createdAt, finishedAt, phase }: Operation, took: number | undefined): Times {
  return {
    OperationID: id,
    OperationType: type,
    CreatedAt: isoTime(createdAt),
    ...(finishedAt !== undefined && { FinishedAt: isoTime(finishedAt) }),
    Outcome: phase === 'succeeded' || phase === 'failed' ? phase : 'open',
    ...(took !== undefined && { SigningMilliseconds: took }),
  }
}

/** Of one signature: where there are several, those before the last one say nothing of how long it took. */
async function signingTime(view: WalletView, operation: Operation): Promise<number | undefined> {
  const [execution] = operation.executions
  if (execution === undefined || operation.executions.length > 1) return undefined
  if (operation.phase !== 'succeeded' || operation.finishedAt === undefined || !isSigning(operation)) return undefined
  return Math.max(0, operation.finishedAt - (await timeOf(view, execution.seq)))
}

/** Log time of an entry. Throws `ServiceError` unavailable when this wallet has not stored it yet. */
async function timeOf(view: WalletView, seq: number): Promise<number> {
  const [stored] = await view.entries(seq, seq)
  if (stored === undefined) throw new ServiceError('unavailable', `entry ${seq} is not stored yet; try again`)
  return decodeEntry(stored.entry).time
}
