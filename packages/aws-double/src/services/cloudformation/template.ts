import { parse } from 'yaml'
import { AwsError } from '../../errors.ts'
import type { Template } from './store.ts'

const sections = new Set([
  'AWSTemplateFormatVersion',
  'Conditions',
  'Description',
  'Mappings',
  'Metadata',
  'Outputs',
  'Parameters',
  'Resources',
  'Rules',
])
const resourceFields = new Set([
  'Condition',
  'DeletionPolicy',
  'DependsOn',
  'Metadata',
  'Properties',
  'Type',
  'UpdatePolicy',
  'UpdateReplacePolicy',
])
const deletionPolicies = new Set(['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot'])
const maxBody = 51_200
const maxFromS3 = 1_048_576
const maxResources = 500

export const templateError = (message: string): AwsError =>
  new AwsError('ValidationError', `Template format error: ${message}`)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Parses a template, JSON or YAML, and checks its frame.
 * @param inline given in the request, which limits its size more than S3 does.
 * @throws AwsError `ValidationError`
 */
export function parseTemplate(body: string, inline: boolean): Template {
  const limit = inline ? maxBody : maxFromS3
  if (Buffer.byteLength(body) > limit) {
    throw new AwsError('ValidationError', `templateBody must have length less than or equal to ${limit}`)
  }
  const template = parseText(body)
  if (!isObject(template)) throw templateError('the template is not an object')
  const unknown = Object.keys(template).find(name => !sections.has(name))
  if (unknown) throw templateError(`Invalid template property or properties [${unknown}]`)
  const { Resources: resources } = template
  if (!isObject(resources) || Object.keys(resources).length === 0) {
    throw templateError('At least one Resources member must be defined.')
  }
  if (Object.keys(resources).length > maxResources) throw templateError(`more than ${maxResources} resources`)
  for (const [logicalId, resource] of Object.entries(resources)) checkResource(logicalId, resource)
  return template as unknown as Template
}

function parseText(body: string): unknown {
  try {
    return parse(body, { schema: 'core', maxAliasCount: 0 })
  } catch (error) {
    throw templateError(error instanceof Error ? error.message : String(error))
  }
}

function checkResource(logicalId: string, resource: unknown): void {
  if (!/^[A-Za-z0-9]{1,255}$/.test(logicalId)) throw templateError(`Resource name ${logicalId} is non alphanumeric.`)
  if (!isObject(resource) || typeof resource.Type !== 'string') {
    throw templateError(`[/Resources/${logicalId}] every resource must have a Type`)
  }
  const unknown = Object.keys(resource).find(name => !resourceFields.has(name))
  if (unknown) throw templateError(`[/Resources/${logicalId}] Encountered unsupported property ${unknown}`)
  for (const name of ['DeletionPolicy', 'UpdateReplacePolicy'] as const) {
    const policy = resource[name]
    if (policy !== undefined && !deletionPolicies.has(String(policy))) {
      throw templateError(`[/Resources/${logicalId}/${name}] ${String(policy)} is not allowed`)
    }
  }
}
