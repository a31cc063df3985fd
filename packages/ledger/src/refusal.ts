import type { NoDraft } from './follower.ts'
import type { Message } from './messages.ts'

type Refuse = Message<'refuse'>

/** What a node says no to: a proposal by its hash, or a ballot without one. */
export type Question = Pick<Refuse, 'seq' | 'ballot' | 'hash'>

/** Why a node says no. */
export type Refusal = Pick<Refuse, 'code' | 'message'> &
  Partial<Pick<Refuse, 'reason' | 'command' | 'required' | 'promised'>>

/** L3: what the own machine says of an entry that it does not take. */
export function refusalOf({ code, index, reason, message }: NoDraft): Refusal {
  if (code === 'command') return { code, reason, message, command: index }
  return { code: code === 'slot' ? 'busy' : code, message }
}

/** The message; its texts are cut so that it always encodes. */
export function refuseMessage(question: Question, refusal: Refusal): Refuse {
  const { code, reason = '', message, command, promised = 0, required } = refusal
  return {
    type: 'refuse',
    ...question,
    code,
    reason: reason.slice(0, 100).toWellFormed(),
    message: message.slice(0, 300).toWellFormed(),
    command,
    promised,
    required,
  }
}
