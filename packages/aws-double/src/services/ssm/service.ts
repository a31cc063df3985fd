import type { GetParameterCommandInput, GetParametersCommandInput, PutParameterCommandInput } from '@aws-sdk/client-ssm'
import { authorize, type Call } from '../../call.ts'
import { AwsError, notInDouble } from '../../errors.ts'
import { only, type Service } from '../../service.ts'
import type { Parameter } from './store.ts'

function arnOf(call: Call, name: string): string {
  const account = call.world.ssm.publicParameters.has(name) ? '' : call.account
  return `arn:aws:ssm:${call.region}:${account}:parameter${name.startsWith('/') ? '' : '/'}${name}`
}

function read(call: Call, name: string, action: string): Parameter | undefined {
  const arn = arnOf(call, name)
  authorize(call, { action, resource: arn })
  const value = call.world.ssm.publicParameters.get(name)
  if (value === undefined) return call.world.ssm.parameters.get(arn)
  return { name, arn, type: 'String', value, version: 1, changed: new Date(call.world.clock()) }
}

const described = ({ name, arn, type, value, version, changed }: Parameter) => ({
  Name: name,
  ARN: arn,
  Type: type,
  Value: value,
  Version: version,
  LastModifiedDate: changed,
  DataType: 'text',
})

function getParameter(input: GetParameterCommandInput, call: Call) {
  only(input, ['Name', 'WithDecryption'])
  const found = read(call, input.Name ?? '', 'ssm:GetParameter')
  if (!found) throw new AwsError('ParameterNotFound', `Parameter ${input.Name ?? ''} not found.`)
  return { Parameter: described(found) }
}

function getParameters(input: GetParametersCommandInput, call: Call) {
  only(input, ['Names', 'WithDecryption'])
  const found = (input.Names ?? []).map(name => ({ name, parameter: read(call, name, 'ssm:GetParameters') }))
  return {
    Parameters: found.flatMap(({ parameter }) => (parameter ? [described(parameter)] : [])),
    InvalidParameters: found.filter(({ parameter }) => !parameter).map(({ name }) => name),
  }
}

function putParameter(input: PutParameterCommandInput, call: Call) {
  only(input, ['DataType', 'Description', 'Name', 'Overwrite', 'Type', 'Value'])
  const { Name: name = '', Value: value = '', Type: type = 'String' } = input
  if (type === 'SecureString') throw notInDouble('SecureString')
  const arn = arnOf(call, name)
  authorize(call, { action: 'ssm:PutParameter', resource: arn })
  const { parameters } = call.world.ssm
  const known = parameters.get(arn)
  if (known && !input.Overwrite) throw new AwsError('ParameterAlreadyExists', 'The parameter already exists.')
  const version = (known?.version ?? 0) + 1
  parameters.set(arn, { name, arn, type, value, version, changed: new Date(call.world.clock()) })
  return { Version: version, Tier: 'Standard' as const }
}

export const ssm: Service = {
  name: 'ssm',
  protocol: 'json',
  client: () => import('@aws-sdk/client-ssm'),
  operations: { GetParameter: getParameter, GetParameters: getParameters, PutParameter: putParameter },
}
