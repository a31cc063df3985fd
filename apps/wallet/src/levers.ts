import type { ChainClients } from '@trivault/chain-clients'
import { CodecError, fromBase64, fromHex, fromUtf8, parseJson } from '@trivault/codec'
import {
  encodeIntent,
  type Intent,
  type NodeEvent,
  type SignedHold,
  type TransactionRestriction,
  transactionRestriction,
  VaultError,
  vaultErrors,
} from '@trivault/protocol'
import { countedApprovals, dryRun, operationOf, userKey, userOf, type VaultState } from '@trivault/vault-state'
import { buildIntent } from './intents.ts'
import type { Outcome } from './log.ts'
import type { NodeLink } from './node-link.ts'
import { restrictionsIn } from './reads/policies.ts'
import { explained } from './refusals.ts'
import { type Caller, ServiceError, type WalletService } from './service.ts'

export interface LeversOptions {
  state: () => VaultState
  chains: ChainClients
  clock: () => number
  link: NodeLink
  submit: (command: { type: 'hold' } & SignedHold) => Promise<Outcome[]>
  onError: (error: unknown) => void
}

/** Freeze, veto, settings, dry run: what the wallet does for them is to carry and to ask. */
export class Levers {
  readonly #options: LeversOptions

  constructor(options: LeversOptions) {
    this.#options = options
  }

  /** Brings a statement to every node, whatever this wallet thinks of it. Throws `ServiceError` when none takes it. */
  async hold(request: Parameters<WalletService['hold']>[0]): ReturnType<WalletService['hold']> {
    const hold: SignedHold = {
      vaultId: this.#options.state().vaultId,
      kind: request.Kind === 'veto' ? 'veto' : 'freeze',
      operationId: request.OperationID ?? '',
      counter: request.Counter,
      keyId: fromHex(request.KeyID),
      signature: fromBase64(request.Signature),
    }
    const answers = await Promise.all(
      ([0, 1, 2] as const).map(async Node => {
        try {
          await this.#options.link.query(Node, { type: 'hold', ...hold })
          return { Node, Held: true }
        } catch (error) {
          return { Node, Held: false, Message: error instanceof Error ? error.message : 'unknown' }
        }
      }),
    )
    if (!answers.some(({ Held }) => Held))
      throw new ServiceError('conflict', answers.map(({ Node, Message }) => `node ${Node}: ${Message}`).join('; '), {
        errorCode: vaultErrors['bad-hold'],
      })
    this.#log(hold)
    return { Nodes: answers }
  }

  /** A node was brought a hold, by anyone: it certifies nothing more until that is logged. */
  receive({ type: _, ...hold }: Extract<NodeEvent, { type: 'held' }>): void {
    this.#log(hold)
  }

  #log(hold: SignedHold): void {
    this.#options.submit({ type: 'hold', ...hold }).catch(this.#options.onError)
  }

  /** Settings, the freeze if there is one, and the counters that new holds must exceed. */
  async settings(): ReturnType<WalletService['settings']> {
    const { settings, freeze, holdCounters } = this.#options.state()
    return {
      PendingExpirySeconds: settings.pendingLifetime / 1000,
      LooseningDelaySeconds: settings.looseningDelay / 1000,
      NoSelfApproval: settings.noSelfApproval,
      MoneyDefault: settings.moneyDefault,
      ...(freeze && { Freeze: { Number: freeze.number, By: freeze.by, At: new Date(freeze.at).toISOString() } }),
      HoldCounters: holdCounters
        .keys()
        .sort()
        .map(UserID => ({ UserID, Counter: holdCounters.get(UserID) ?? 0 })),
    }
  }

  /** Transaction restrictions with what the contract lacks: velocity limits. */
  async restrictions(): ReturnType<WalletService['extendedRestrictions']> {
    return restrictionsIn(this.#options.state().restrictions)
  }

  /** A dry run by the same code as the nodes. Throws `ServiceError` for a request that makes no intent. */
  async policyTest(
    caller: Caller,
    request: Parameters<WalletService['policyTest']>[1],
  ): ReturnType<WalletService['policyTest']> {
    return explained(async () => {
      const state = this.#options.state()
      const time = this.#options.clock()
      const { intent, approvals } = await this.#subject(state, caller, request, time)
      const result = dryRun(state, intent, { restrictions: request.restrictions?.map(draftOf), approvals, time })
      const obstacle = ({ code, reason }: (typeof result.heldUp)[number]) => ({
        Code: vaultErrors[code],
        Reason: reason,
      })
      return {
        Intent: fromUtf8(encodeIntent(intent)),
        ...(result.blocked && { Blocked: obstacle(result.blocked) }),
        Needs: result.needs,
        Unmet: result.unmet,
        Restrictions: result.restrictions.map(({ id, matches, firstUnmet }) => ({
          RestrictionID: id,
          Matches: matches,
          ...(firstUnmet !== undefined && { FirstUnmet: firstUnmet }),
        })),
        HeldUp: result.heldUp.map(obstacle),
      }
    })
  }

  async #subject(
    state: VaultState,
    caller: Caller,
    { operationId, start, approvers }: Parameters<WalletService['policyTest']>[1],
    now: number,
  ): Promise<{ intent: Intent; approvals: readonly string[] | undefined }> {
    if (start === undefined) {
      const operation = operationOf(state, operationId ?? '')
      const given = countedApprovals(state, operation).map(({ user }) => user)
      return { intent: operation.intent, approvals: approvers ?? given }
    }
    const named = start.initiatorId ?? (state.users.has(userKey(caller.id)) ? caller.id : undefined)
    const intent = await buildIntent(start, {
      state,
      chains: this.#options.chains,
      now,
      operationId: start.operationId ?? 'dry-run',
      initiatorId: named === undefined ? '' : userOf(state, named).id,
    })
    return { intent, approvals: approvers }
  }
}

/** A draft must be what an intent could hold. Throws `VaultError` bad-restriction. */
function draftOf(restriction: object): TransactionRestriction {
  try {
    return transactionRestriction.read(parseJson(transactionRestriction.write(restriction as TransactionRestriction)))
  } catch (cause) {
    if (cause instanceof CodecError) throw new VaultError('bad-restriction', cause.message, { cause })
    throw cause
  }
}
