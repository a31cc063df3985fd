import type { Parameter as GivenParameter } from '@aws-sdk/client-cloudformation'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import type { ParameterDeclaration, Template } from './store.ts'

const invalid = (message: string) => new AwsError('ValidationError', message)

/**
 * Values of a template's parameters, as given, as before, or by default.
 * @throws AwsError `ValidationError` for a missing, unknown or unfitting one.
 */
export function parameterValues(
  template: Template,
  given: readonly GivenParameter[],
  previous: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const declared = template.Parameters ?? {}
  const byKey = new Map(given.map(parameter => [parameter.ParameterKey ?? '', parameter]))
  const unknown = [...byKey.keys()].find(key => !Object.hasOwn(declared, key))
  if (unknown !== undefined) throw invalid(`Parameters: [${unknown}] do not exist in the template`)
  return new Map(
    Object.entries(declared).map(([key, declaration]) => {
      const parameter = byKey.get(key)
      const value = parameter?.UsePreviousValue ? previous.get(key) : parameter?.ParameterValue
      const used = value ?? (declaration.Default === undefined ? undefined : String(declaration.Default))
      if (used === undefined) throw invalid(`Parameters: [${key}] must have values`)
      checkParameter(key, declaration, used)
      return [key, used]
    }),
  )
}

function checkParameter(key: string, declaration: ParameterDeclaration, value: string): void {
  const { Type: type, AllowedValues: allowed, AllowedPattern: pattern, MinValue: min, MaxValue: max } = declaration
  if (type === 'Number') {
    if (!/^-?\d+(\.\d+)?$/.test(value)) throw invalid(`Parameter '${key}' must be a number.`)
    if (min !== undefined && Number(value) < Number(min))
      throw invalid(`Parameter '${key}' must be a number not less than ${min}`)
    if (max !== undefined && Number(value) > Number(max)) {
      throw invalid(`Parameter '${key}' must be a number not greater than ${max}`)
    }
  } else if (
    !/^(String|CommaDelimitedList|AWS::EC2::Image::Id|AWS::SSM::Parameter::Value<(String|AWS::EC2::Image::Id)>)$/.test(
      type,
    )
  ) {
    throw new AwsError('NotInAwsDouble', `the parameter type ${type} is not part of the double`, 501)
  }
  if (type === 'AWS::EC2::Image::Id' && !/^ami-[0-9a-f]{8,17}$/.test(value))
    throw invalid(`Parameter '${key}' is no image id`)
  if (allowed && !allowed.map(String).includes(value)) throw invalid(`Parameter '${key}' must be one of AllowedValues`)
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value)) {
    throw invalid(`Parameter '${key}' must match pattern ${pattern}`)
  }
}

/** What `Ref` gives for each parameter: lists split, SSM parameters read with the caller's permission. */
export function parameterRefs(
  call: Call,
  template: Template,
  values: ReadonlyMap<string, string>,
): ReadonlyMap<string, unknown> {
  return new Map(
    [...values].map(([key, value]): readonly [string, unknown] => {
      const type = template.Parameters?.[key]?.Type ?? 'String'
      if (type === 'CommaDelimitedList') return [key, value.split(',').map(item => item.trim())]
      return [key, type.startsWith('AWS::SSM::') ? readSsm(call, value) : value]
    }),
  )
}

function readSsm(call: Call, name: string): string {
  const { ssm } = call.world
  const account = ssm.publicParameters.has(name) ? '' : call.account
  const arn = `arn:aws:ssm:${call.region}:${account}:parameter${name.startsWith('/') ? '' : '/'}${name}`
  authorize(call, { action: 'ssm:GetParameters', resource: arn })
  const value = ssm.publicParameters.get(name) ?? ssm.parameters.get(arn)?.value
  if (value === undefined) throw invalid(`Unable to fetch parameters [${name}] from parameter store for this account.`)
  return value
}
