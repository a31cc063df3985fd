import type { ResponseOf, StartSegment } from '@trivault/api-contract'
import { ApiError, type Client } from '@trivault/client'
import { Option } from 'commander'
import { CliError } from '../errors.ts'
import type { Session } from '../session.ts'

export type OperationStatus = ResponseOf<'cwpgetOperationStatus'>
export interface WaitOptions {
  wait?: true
  timeout: number
}

export const waitOption = (): Option => new Option('--wait', 'wait until the operation succeeded or failed')
export const timeoutOption = (): Option =>
  new Option('--timeout <seconds>', 'how long to wait').default(120).argParser(seconds)
export const initiatorOption = (): Option =>
  new Option('--initiator <email>', 'who starts it and confirms it with the own device')

export const idOption = (): Option =>
  new Option('--id <id>', 'an operation id of your own: the same command again does nothing twice')

function seconds(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new CliError('usage', '--timeout takes a number of seconds')
  return Number(text)
}

/** Where an operation waits for people. */
const waitsForPeople = ['Pending confirmation', 'Pending approval'] as const
const settleMs = 10_000

/** Starts an operation, then tells how far it came; with --wait until its end. */
export async function startAndTell(
  session: Session,
  segment: StartSegment,
  body: Record<string, unknown>,
  options: Partial<WaitOptions> & { initiator?: string; id?: string },
  /** A transaction restriction with a velocity limit has a route of its own. */
  limited = false,
): Promise<void> {
  const client = await session.client()
  const request = {
    ...body,
    ...(options.id !== undefined && { OperationID: options.id }),
    ...(options.initiator !== undefined && { InitiatorID: options.initiator }),
  }
  // The wallet validates what a body must be.
  const id = limited
    ? (await client.call('trivaultStartUpdateTransactionRestriction', { body: request as never })).OperationID
    : await client.start(segment, request as never)
  await tell(session, id, await progress(client, id, options))
}

/** The status once it is final or, without --wait, as soon as people are asked. */
export async function progress(client: Client, id: string, options: Partial<WaitOptions>): Promise<OperationStatus> {
  if (options.wait) return client.waitForOperation(id, { timeoutMs: (options.timeout ?? 120) * 1000 })
  try {
    return await client.waitForOperation(id, { until: waitsForPeople, timeoutMs: settleMs })
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'timeout')) throw error
    return client.call('cwpgetOperationStatus', { params: { operationID: id } })
  }
}

/** Prints an operation's status. Throws `CliError` failed when it failed. */
export async function tell(session: Session, id: string, status: OperationStatus): Promise<void> {
  requireNotFailed(id, status)
  const approvals = (waitsForPeople as readonly string[]).includes(status.Status)
    ? await (await session.client()).call('cwpgetOperationApprovalStatus', { params: { operationID: id } })
    : undefined
  const waiting = approvals?.PendingApprovals ?? []
  session.print({ OperationID: id, ...status, ...(approvals && { Approvals: approvals }) }, [
    `Operation ${id}`,
    `Status    ${status.Status}`,
    ...(waiting.length > 0 ? [`Waits for ${waiting.join(', ')}`] : []),
    ...resultLines(status),
  ])
}

export function requireNotFailed(id: string, { Status, ErrorDetails }: OperationStatus): void {
  if (Status !== 'Failed') return
  const { ErrorCode = '', Properties } = ErrorDetails ?? {}
  throw new CliError(
    'failed',
    `operation ${id} failed: ${String(Properties?.Reason ?? 'no reason given')} (${ErrorCode})`,
  )
}

export function resultLines({ Result }: OperationStatus): string[] {
  if (Result?.Transaction?.ID !== undefined) return [`Transaction ${Result.Transaction.ID}`]
  if (Result?.GenericSignature?.Signature !== undefined) return [`Signature ${Result.GenericSignature.Signature}`]
  return []
}
