import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { parameterRefs } from './parameters.ts'
import { noValue, references, resolve, type Scope } from './resolve.ts'
import type { Input, Resource, Stack } from './store.ts'
import { templateError } from './template.ts'

/** Logical ids of the resources that are wanted, each after all that it mentions. @throws AwsError for a circle. */
export function creationOrder({ template }: Input, wanted: (logicalId: string) => boolean): readonly string[] {
  const { Resources: resources } = template
  const order: string[] = []
  const done = new Set<string>()
  const visit = (logicalId: string, path: readonly string[]): void => {
    if (done.has(logicalId)) return
    if (path.includes(logicalId)) throw templateError(`Circular dependency between resources: [${path.join(', ')}]`)
    const resource = resources[logicalId]
    if (!resource) throw templateError(`Unresolved resource dependencies [${logicalId}] in the Resources block`)
    const { DependsOn: dependsOn = [] } = resource
    const explicit = typeof dependsOn === 'string' ? [dependsOn] : dependsOn
    const implied = references(resource.Properties, name => Object.hasOwn(resources, name))
    for (const dependency of [...explicit, ...implied]) {
      if (dependency !== logicalId || implied.has(logicalId)) visit(dependency, [...path, logicalId])
    }
    done.add(logicalId)
    if (wanted(logicalId)) order.push(logicalId)
  }
  for (const logicalId of Object.keys(resources)) visit(logicalId, [])
  return order
}

export const exportsOf = ({
  world,
  account,
  region,
}: Call): ReadonlyMap<string, { readonly value: string; readonly stack: Stack }> => {
  const own = [...world.cloudformation.stacks.values()].filter(
    stack => stack.account === account && stack.region === region && stack.status !== 'DELETE_COMPLETE',
  )
  return new Map(
    own.flatMap(stack =>
      stack.outputs.flatMap(({ exportName, value }) =>
        exportName === undefined ? [] : ([[exportName, { value, stack }]] as const),
      ),
    ),
  )
}

/** Lookups for one deployment of a stack; `resources` grows as they are made. */
export function scopeOf(call: Call, stack: Stack, input: Input, resources: ReadonlyMap<string, Resource>): Scope {
  const { template, parameters } = input
  const refs = parameterRefs(call, template, parameters)
  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': call.account,
    'AWS::NoValue': noValue,
    'AWS::NotificationARNs': [],
    'AWS::Partition': 'aws',
    'AWS::Region': call.region,
    'AWS::StackId': stack.id,
    'AWS::StackName': stack.name,
    'AWS::URLSuffix': 'amazonaws.com',
  }
  const scope: Scope = {
    region: call.region,
    ref: name => pseudo[name] ?? refs.get(name) ?? resources.get(name)?.physicalId,
    attribute: (logicalId, name) => {
      const value = resources.get(logicalId)?.attributes[name]
      if (value === undefined) {
        throw templateError(`resource ${logicalId} does not support attribute type ${name} in Fn::GetAtt`)
      }
      return value
    },
    condition: name => {
      const condition = template.Conditions?.[name]
      if (condition === undefined) throw templateError(`Unresolved condition dependency ${name}`)
      return resolve(condition, scope) === true
    },
    mapping: (map, first, second) => {
      const value = template.Mappings?.[map]?.[first]?.[second]
      if (value === undefined) throw templateError(`Unable to get mapping for ${map}::${first}::${second}`)
      return value
    },
    importValue: name => {
      const found = exportsOf(call).get(name)
      if (!found) throw new AwsError('ValidationError', `No export named ${name} found.`)
      return found.value
    },
  }
  return scope
}

/** Resources whose condition holds. */
export const isWanted =
  ({ template }: Input, scope: Scope) =>
  (logicalId: string): boolean => {
    const condition = template.Resources[logicalId]?.Condition
    return condition === undefined || scope.condition(condition)
  }
