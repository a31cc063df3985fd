import { createHmac, randomBytes } from 'node:crypto'
import { tableText } from '../output.ts'

export type Action = 'create' | 'keep' | 'differs' | 'rotate' | 'renew'

/** What would happen to one secret, and why. */
export interface PlannedSecret {
  readonly name: string
  readonly action: Action
  /** The new value, where one is written. */
  readonly value: string | undefined
  /** Comparable within one run only, so that nothing can be guessed from it. */
  readonly fingerprints: { readonly current: string; readonly given: string }
  readonly note: string
}

/** One secret that the plan is about. */
export interface Candidate {
  readonly name: string
  readonly current: string | undefined
  /** From customer-secrets.yml, or fresh; asked only when it is needed. */
  readonly next: () => Promise<string | undefined>
  /** Generated values have no other side to differ from. */
  readonly generated: boolean
  /** Why the current value should be replaced without being asked, such as the end of a certificate. */
  readonly due?: string
  readonly restart: string
}

/** Decides about every secret. What exists is replaced only by name in `rotate`, or when it is due. */
export async function planSecrets(
  candidates: readonly Candidate[],
  rotate: ReadonlySet<string>,
): Promise<PlannedSecret[]> {
  const print = fingerprinter()
  const plan: PlannedSecret[] = []
  for (const candidate of candidates) {
    const { name, current, generated, due, restart } = candidate
    const replace = rotate.has(name) || due !== undefined
    const next = !generated || current === undefined || replace ? await candidate.next() : undefined
    const fingerprints = { current: print(current), given: print(next) }
    const planned = (action: Action, note: string): void =>
      void plan.push({ name, action, value: isWritten(action) ? next : undefined, fingerprints, note })
    if (current === undefined) planned(next === undefined ? 'keep' : 'create', next === undefined ? 'not given' : '')
    else if (next !== undefined && rotate.has(name) && next !== current) planned('rotate', `then: ${restart}`)
    else if (next !== undefined && due !== undefined) planned('renew', `${due}; then: ${restart}`)
    else if (next !== undefined && !generated && next !== current)
      planned('differs', `kept as it is; to change it: ARGS="--rotate ${name}"`)
    else planned('keep', '')
  }
  return plan
}

export const isWritten = (action: Action): boolean => action === 'create' || action === 'rotate' || action === 'renew'

function fingerprinter(): (value: string | undefined) => string {
  const key = randomBytes(32)
  return value => (value === undefined ? '–' : createHmac('sha256', key).update(value).digest('hex').slice(0, 8))
}

/** The plan for a person: names, fingerprints of this run, and what follows. No values. */
export const planText = (plan: readonly PlannedSecret[]): string =>
  tableText([
    ['secret', 'action', 'in AWS', 'given', ''],
    ...plan.map(({ name, action, fingerprints, note }) => [
      name,
      action,
      fingerprints.current,
      fingerprints.given,
      note,
    ]),
  ])
