import type { Deployment } from '../../model.ts'
import type { StackTemplate } from './template.ts'

/** What must hold for every template of every layout. */
export interface Invariant {
  readonly name: string
  /** One line per violation, beginning with the resource's logical id; none when it holds. */
  readonly check: (stack: StackTemplate, deployment: Deployment) => readonly string[]
}

export interface Violation {
  readonly stack: string
  readonly invariant: string
  readonly finding: string
}
