/** A template, parsed: only these sections. */
export type Template = {
  readonly Description?: string
  readonly Metadata?: unknown
  readonly Parameters?: Readonly<Record<string, ParameterDeclaration>>
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>
  readonly Conditions?: Readonly<Record<string, unknown>>
  readonly Rules?: unknown
  readonly Resources: Readonly<Record<string, ResourceDeclaration>>
  readonly Outputs?: Readonly<Record<string, OutputDeclaration>>
}
export type ParameterDeclaration = {
  readonly Type: string
  readonly Default?: unknown
  readonly AllowedValues?: readonly unknown[]
  readonly AllowedPattern?: string
  readonly MinValue?: number | string
  readonly MaxValue?: number | string
  readonly NoEcho?: boolean
}
export type ResourceDeclaration = {
  readonly Type: string
  readonly Properties?: Readonly<Record<string, unknown>>
  readonly DependsOn?: string | readonly string[]
  readonly Condition?: string
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
}
export type OutputDeclaration = {
  readonly Value: unknown
  readonly Description?: string
  readonly Export?: { readonly Name: unknown }
  readonly Condition?: string
}

export type Properties = Readonly<Record<string, unknown>>

/** A resource that a stack made. */
export type Resource = {
  readonly logicalId: string
  readonly type: string
  readonly physicalId: string
  readonly properties: Properties
  readonly attributes: Readonly<Record<string, string>>
  readonly declaration: ResourceDeclaration
}

export type StackEvent = {
  readonly id: string
  readonly time: Date
  readonly logicalId: string
  readonly physicalId: string
  readonly type: string
  readonly status: string
  readonly reason: string | undefined
}

export type StackOutput = {
  readonly key: string
  readonly value: string
  readonly description: string | undefined
  readonly exportName: string | undefined
}

export type Input = {
  readonly templateBody: string
  readonly template: Template
  readonly parameters: ReadonlyMap<string, string>
  readonly tags: Readonly<Record<string, string>>
}

export type ChangeSet = {
  readonly id: string
  readonly name: string
  readonly stackId: string
  readonly type: 'CREATE' | 'UPDATE'
  readonly created: Date
  readonly description: string | undefined
  readonly input: Input
  readonly changes: readonly {
    readonly action: 'Add' | 'Modify' | 'Remove'
    readonly logicalId: string
    readonly type: string
    readonly physicalId: string | undefined
  }[]
  status: 'CREATE_COMPLETE' | 'FAILED'
  statusReason: string | undefined
  executionStatus: 'AVAILABLE' | 'UNAVAILABLE' | 'EXECUTE_COMPLETE' | 'OBSOLETE'
}

export type Stack = {
  readonly id: string
  readonly name: string
  readonly account: string
  readonly region: string
  readonly created: Date
  updated: Date | undefined
  status: string
  statusReason: string | undefined
  terminationProtection: boolean
  /** What was last deployed, if anything was. */
  input: Input | undefined
  readonly resources: Map<string, Resource>
  outputs: readonly StackOutput[]
  /** The newest last. */
  readonly events: StackEvent[]
  readonly changeSets: Map<string, ChangeSet>
}

/** Stacks by ARN, deleted ones too. */
export type CloudFormationStore = { readonly stacks: Map<string, Stack> }

export const createCloudFormationStore = (): CloudFormationStore => ({ stacks: new Map() })
