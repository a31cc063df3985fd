import type { App } from 'aws-cdk-lib/core'
import type { CloudAssembly } from 'aws-cdk-lib/cx-api'
import { DeployerError } from '../../errors.ts'
import type { Deployment } from '../../model.ts'
import { adminKeyInvariants } from './admin-key.ts'
import { anchorInvariants } from './anchor.ts'
import type { Invariant, Violation } from './invariant.ts'
import { nodeInvariants } from './node-key.ts'
import { policyInvariants } from './policies.ts'
import { resourceInvariants } from './resources.ts'
import type { StackTemplate, Template } from './template.ts'

/** Who may do what. */
export const accessInvariants: readonly Invariant[] = [
  ...policyInvariants,
  ...nodeInvariants,
  ...adminKeyInvariants,
  ...anchorInvariants,
]
export const invariants: readonly Invariant[] = [...accessInvariants, ...resourceInvariants]

/** Every violation in these stacks. Pure. */
export function checkTemplates(
  stacks: readonly StackTemplate[],
  deployment: Deployment,
  which: readonly Invariant[] = invariants,
): Violation[] {
  return stacks.flatMap(stack =>
    which.flatMap(({ name, check }) =>
      check(stack, deployment).map(finding => ({ stack: stack.stack, invariant: name, finding })),
    ),
  )
}

export function templatesOf(assembly: CloudAssembly): StackTemplate[] {
  return assembly.stacks.map(stack => ({
    stack: stack.stackName,
    account: stack.environment.account,
    region: stack.environment.region,
    terminationProtection: stack.terminationProtection ?? false,
    template: stack.template as Template,
  }))
}

/** Synthesises the app, with CloudFormation's own validation, and lets nothing out that breaks an invariant. */
export function checkedSynth(deployment: Deployment, app: App): CloudAssembly {
  const assembly = app.synth()
  const violations = checkTemplates(templatesOf(assembly), deployment)
  if (violations.length === 0) return assembly
  throw new DeployerError(
    'refused',
    `the templates break what must hold: ${violations.map(v => `${v.stack} ${v.invariant}: ${v.finding}`).join('; ')}`,
    'take an unchanged release of the deployer; if it is one, report this',
  )
}

export type { Invariant, StackTemplate, Template, Violation }
