import {
  ApprovalError,
  agreedViews,
  fingerprintWords,
  graveRefusals,
  judge,
  type Replica,
  type SeenHead,
  summaryOf,
  type Verdicts,
} from '@trivault/approval'
import { ChainError, effectsHash } from '@trivault/chains'
import { toHex } from '@trivault/codec'
import { describeRequirement } from '@trivault/policy'
import { type Genesis, operationTypes, VaultError, vaultIdOf } from '@trivault/protocol'
import {
  activeKeyOf,
  canApprove,
  foundingRecord,
  intentEffects,
  isOwner,
  type Operation,
  standingOf,
  statusOf,
  userKey,
  type VaultState,
} from '@trivault/vault-state'
import { pairingLink } from '@trivault/web-config'
import type { DeviceCard, Examination, Founding, Item, NodeView, Person, VaultCard } from './views.ts'

export function vaultCard(genesis: Genesis): VaultCard {
  const vaultId = vaultIdOf(genesis)
  const id = toHex(vaultId)
  const { deploymentId, foundingMode } = genesis
  return { id, words: fingerprintWords(id), deploymentId, foundingMode, link: pairingLink('', vaultId) }
}

export interface Own {
  readonly userId: string
  readonly keyId: string
  readonly operationId?: string | undefined
}

export function deviceCard(state: VaultState, { userId, keyId, operationId }: Own): DeviceCard {
  const known = state.deviceKeys.get(keyId)
  const operation = operationId === undefined ? undefined : state.operations.get(operationId)
  const paired = activeKeyOf(state, userId)?.id === keyId
  const waiting = operation?.phase === 'pending' || operation?.phase === 'executing'
  const ended = known !== undefined || operation?.phase === 'failed'
  return {
    userId,
    keyId,
    words: fingerprintWords(keyId),
    standing: paired ? 'paired' : waiting ? 'waiting' : ended ? 'ended' : 'none',
    owner: isOwner(state, userId),
    operationId,
    unmet: waiting && operation !== undefined ? unmetOf(state, operation) : [],
    why:
      operation?.failure?.reason ??
      (known !== undefined && !paired ? 'this key was replaced or revoked: what it signs no longer counts' : undefined),
  }
}

function unmetOf(state: VaultState, operation: Operation): string[] {
  if (operation.phase !== 'pending') return []
  const standing = standingOf(state, operation)
  return standing.kind === 'blocked' ? [`nothing: ${standing.reason}`] : standing.unmet.map(describeRequirement)
}

/** Throws only what is a fault of this program. */
function readable<T>(body: () => T): { value: T } | { problem: string } {
  try {
    return { value: body() }
  } catch (error) {
    if (error instanceof VaultError || error instanceof ChainError) return { problem: error.message }
    throw error
  }
}

export function itemOf(state: VaultState, operation: Operation, user: string | undefined): Item {
  const read = readable(() => summaryOf(state, operation.intent))
  const summary = 'value' in read ? read.value : undefined
  const to = summary?.signing?.movements.map(({ to: address, own }) => own?.account ?? address ?? '').join(', ')
  const approvedByMe = operation.approvals.some(approval => approval.user === user)
  return {
    id: operation.id,
    type: operation.type,
    class: operationTypes[operation.type].class,
    title: summary?.title,
    detail: summary?.signing === undefined ? undefined : `${summary.signing.from.account} → ${to || 'no address'}`,
    initiator: operation.intent.InitiatorID,
    startedAt: operation.createdAt,
    status: statusOf(state, operation),
    asked: user !== undefined && !approvedByMe && canApprove(state, operation, user),
    approvedByMe,
    unmet: unmetOf(state, operation),
    endedAt: operation.finishedAt,
    failure: operation.failure?.reason,
  }
}

/** Pending operations: those that ask for this person first, then the newest. */
export function inboxOf(state: VaultState, user: string | undefined): Item[] {
  return state.pending
    .keys()
    .flatMap(id => state.operations.get(id) ?? [])
    .filter(({ phase }) => phase === 'pending')
    .map(operation => itemOf(state, operation, user))
    .sort((a, b) => Number(b.asked) - Number(a.asked) || b.startedAt - a.startedAt)
}

const historyLength = 200

/** What has ended, newest first. */
export function historyOf(state: VaultState, user: string | undefined): Item[] {
  return state.operations
    .values()
    .filter(({ phase }) => phase !== 'pending')
    .sort((a, b) => b.seq - a.seq)
    .slice(0, historyLength)
    .map(operation => itemOf(state, operation, user))
}

export function examinationOf(question: {
  replica: Replica
  operation: Operation
  verdicts: Verdicts | undefined
  own: Own | undefined
  seen: SeenHead | undefined
}): Examination {
  const { replica, operation, verdicts, own, seen } = question
  const { state } = replica
  const { id } = operation
  const user = own && userKey(own.userId)
  const read = readable(() => summaryOf(state, operation.intent))
  const effects = readable(() => intentEffects(state, operation.intent))
  const hash = 'value' in effects && effects.value !== undefined ? toHex(effectsHash(effects.value)) : undefined
  const item = itemOf(state, operation, user)
  const answers = verdicts ?? { OperationID: id, Verdicts: [], Missing: [0, 1, 2] }
  const judgement = judge({ replica, operationId: id, verdicts: answers, keyId: own?.keyId ?? '', seen })
  const standing = operation.phase === 'pending' ? standingOf(state, operation) : undefined
  const unapproved = { ...operation, approvals: [] }
  return {
    item,
    summary: 'value' in read ? read.value : undefined,
    undecodable: 'problem' in read ? read.problem : undefined,
    refusal: judgement.offer
      ? undefined
      : {
          reason: judgement.reason,
          message: judgement.message,
          remedy: judgement.remedy,
          grave: graveRefusals.has(judgement.reason),
        },
    intentHash: toHex(operation.intentHash),
    effectsHash: hash,
    nodes: nodesOf(replica, id, answers),
    needs: standing?.kind === 'open' ? standing.requirements.map(describeRequirement) : [],
    approvals: operation.approvals.map(({ user: by, time }) => ({ user: state.users.get(by)?.id ?? by, at: time })),
    signatures: operation.executions.filter(({ signature }) => signature !== undefined).length,
    canReject: user !== undefined && operation.phase === 'pending' && canApprove(state, unapproved, user),
    canVeto:
      user !== undefined && isOwner(state, user) && (operation.phase === 'pending' || operation.phase === 'executing'),
  }
}

function nodesOf(replica: Replica, id: string, verdicts: Verdicts): NodeView[] {
  try {
    return agreedViews(replica, id, verdicts).map(({ node, intentHash, effectsHash: effects, headSeq }) => ({
      node,
      intentHash: toHex(intentHash),
      effectsHash: effects && toHex(effects),
      headSeq,
    }))
  } catch (error) {
    if (error instanceof ApprovalError || error instanceof VaultError || error instanceof ChainError) return []
    throw error
  }
}

export function peopleOf(state: VaultState, own: Own | undefined): Person[] {
  const keys = state.deviceKeys.values()
  return state.users
    .values()
    .filter(({ deleted, systemRole }) => !deleted && systemRole === undefined)
    .map(({ id, name }) => ({
      userId: id,
      name,
      owner: isOwner(state, id),
      mine: own !== undefined && userKey(own.userId) === userKey(id),
      keys: keys
        .filter(({ user }) => user === userKey(id))
        .sort((a, b) => Number(b.active) - Number(a.active))
        .map(({ id: keyId, active, channel }) => ({
          keyId,
          words: fingerprintWords(keyId),
          active,
          channel,
          vouchedAt: state.vouchings.get(keyId)?.time,
          thisDevice: keyId === own?.keyId,
        })),
    }))
    .sort((a, b) => Number(b.mine) - Number(a.mine) || (a.userId < b.userId ? -1 : 1))
}

export function foundingOf(state: VaultState): Founding {
  const { setup, genesis } = state
  const members = (setup && state.groups.get(setup.ownerGroup)?.members) ?? []
  const seal = state.pending.keys().find(id => state.operations.get(id)?.type === 'seal')
  return {
    vault: vaultCard(genesis),
    sealed: state.sealedAt !== undefined,
    ownerGroup: setup?.ownerGroup,
    required: setup?.ownersRequired ?? genesis.foundersRequired,
    owners: members.map(member => {
      const keyId = activeKeyOf(state, member)?.id
      const userId = state.users.get(member)?.id ?? member
      return { userId, keyId, words: keyId === undefined ? undefined : fingerprintWords(keyId) }
    }),
    ready: 'value' in readable(() => foundingRecord(state)),
    operationId: seal,
  }
}
