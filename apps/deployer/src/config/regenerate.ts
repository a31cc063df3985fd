import { isDeepStrictEqual } from 'node:util'
import { parseDocument } from 'yaml'
import { writeBdWallet } from './bd-wallet.ts'
import type { Environment } from './rules.ts'

/** A field that differs; undefined where it is not there. */
export interface FieldChange {
  readonly field: string
  readonly from: unknown
  readonly to: unknown
}

export interface FieldConflict {
  readonly field: string
  readonly mine: unknown
  readonly generated: unknown
  /** The field names the environment itself: bd-wallet.yml may not have it otherwise. */
  readonly fixed: boolean
}

export interface Regenerated {
  /** The new bd-wallet.yml; meaningless with conflicts. */
  readonly text: string
  /** What customer-config.yml changes. */
  readonly changed: readonly FieldChange[]
  /** Edits of bd-wallet.yml that stay: from generated to edited. */
  readonly kept: readonly FieldChange[]
  readonly conflicts: readonly FieldConflict[]
}

export interface Regeneration {
  /** As generated the last time; undefined when that is not known. */
  readonly base: Environment | undefined
  /** bd-wallet.yml as it is. */
  readonly mine: { readonly text: string; readonly environment: Environment } | undefined
  /** As customer-config.yml has it now. */
  readonly generated: Environment
}

/** These are changed in customer-config.yml only. */
const fixedField = /^(namespace|environment|region|accounts|zones)(\.|$)/

/**
 * Three-way merge by field: edits of bd-wallet.yml stay, changes of customer-config.yml come in, both at one field is a conflict.
 * Comments of bd-wallet.yml stay. Pure.
 */
export function regenerate({ base, mine, generated }: Regeneration): Regenerated {
  if (mine === undefined) return { text: writeBdWallet(generated), changed: [], kept: [], conflicts: [] }
  const changed: FieldChange[] = []
  const kept: FieldChange[] = []
  const conflicts: FieldConflict[] = []
  const [was, is, willBe] = [base ? leaves(base) : undefined, leaves(mine.environment), leaves(generated)]
  const document = parseDocument(mine.text)
  for (const field of new Set([...willBe.keys(), ...is.keys()])) {
    const [before, now, next] = [was?.get(field)?.value, is.get(field)?.value, willBe.get(field)?.value]
    if (isDeepStrictEqual(now, next)) continue
    const edited = was === undefined || !isDeepStrictEqual(now, before)
    const fixed = fixedField.test(field)
    if (!edited) {
      const path = (willBe.get(field) ?? is.get(field))?.path ?? []
      changed.push({ field, from: now, to: next })
      if (next === undefined) document.deleteIn(path)
      else document.setIn(path, document.createNode(next))
    } else if (was !== undefined && isDeepStrictEqual(next, before) && !fixed) kept.push({ field, from: next, to: now })
    else conflicts.push({ field, mine: now, generated: next, fixed })
  }
  return { text: changed.length === 0 ? mine.text : document.toString({ lineWidth: 0 }), changed, kept, conflicts }
}

/** Fields in which two environments differ. */
export function differingFields(a: Environment, b: Environment): string[] {
  const [left, right] = [leaves(a), leaves(b)]
  return [...new Set([...left.keys(), ...right.keys()])].filter(
    field => !isDeepStrictEqual(left.get(field)?.value, right.get(field)?.value),
  )
}

type Leaves = Map<string, { readonly path: readonly string[]; readonly value: unknown }>

/** Every field by its dotted name; a list counts as one value. */
function leaves(value: object, path: readonly string[] = []): Leaves {
  const found: Leaves = new Map()
  for (const [key, child] of Object.entries(value) as [string, unknown][]) {
    const here = [...path, key]
    if (typeof child === 'object' && child !== null && !Array.isArray(child))
      for (const [name, leaf] of leaves(child, here)) found.set(name, leaf)
    else found.set(here.join('.'), { path: here, value: child })
  }
  return found
}

/** `chains: ["eip155:1"] → ["eip155:1","eip155:137"]` */
export const changeText = ({ field, from, to }: FieldChange): string =>
  `${field}: ${valueText(from)} → ${valueText(to)}`

export const valueText = (value: unknown): string => (value === undefined ? '(not there)' : JSON.stringify(value))
