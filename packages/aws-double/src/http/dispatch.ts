import { arnOf, type Call } from '../call.ts'
import { AwsError, notInDouble } from '../errors.ts'
import { readJson, writeJson } from '../protocol/json.ts'
import { type Model, type Operation, readModel } from '../protocol/model.ts'
import { parseForm, readQuery } from '../protocol/query.ts'
import { createRest, writeXmlError } from '../protocol/rest.ts'
import type { Fields } from '../protocol/values.ts'
import { escapeXml, writeXmlMembers } from '../protocol/xml.ts'
import type { Service } from '../service.ts'
import type { World } from '../world.ts'
import { authenticate } from './authenticate.ts'
import { decodeBody } from './chunked.ts'
import type { Request, Response } from './message.ts'

type Loaded = { readonly service: Service; readonly model: Model; readonly rest: ReturnType<typeof createRest> }
type Parsed = { readonly operation: Operation; readonly input: Fields }

/** Codes that services with JSON protocols word in another way. */
const jsonCodes: Readonly<Record<string, string>> = {
  AccessDenied: 'AccessDeniedException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  ExpiredToken: 'ExpiredTokenException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  MalformedPolicyDocument: 'MalformedPolicyDocumentException',
}
const s3Codes: Readonly<Record<string, string>> = {
  InvalidClientTokenId: 'InvalidAccessKeyId',
  MalformedPolicyDocument: 'MalformedPolicy',
}

/** Takes a signed request to the operation that it names, and its answer back. */
export function createDispatcher(world: World, services: readonly Service[]) {
  const loaded = new Map<string, Promise<Loaded>>()
  const load = (name: string): Promise<Loaded> => {
    const known = loaded.get(name)
    if (known) return known
    const service = services.find(candidate => candidate.name === name)
    if (!service) throw notInDouble(`the service ${name}`)
    const loading = service.client().then(client => {
      const model = readModel(name, client)
      return { service, model, rest: createRest(model) }
    })
    loaded.set(name, loading)
    return loading
  }

  return async (request: Request): Promise<Response> => {
    const requestId = crypto.randomUUID()
    const record = {
      time: world.clock(),
      service: '',
      operation: '',
      principal: '',
      decisions: [] as Call['decisions'],
    }
    const note = (outcome: string, message?: string) => world.calls.push({ ...record, outcome, message })
    // Also who is not let in is told so in the protocol of the service that he asks.
    let service = services.find(({ name }) => name === claimedService(request))
    try {
      const { claim, credential } = authenticate(world, request)
      record.service = claim.service
      record.principal = arnOf(credential.caller)
      const found = await load(claim.service)
      service = found.service
      const { operation, input } = parse(found, request)
      record.operation = operation.name
      if (world.hooks.breaksOff?.(claim.service, operation.name))
        throw new AwsError('BrokenOff', `${claim.service}:${operation.name} is broken off`)
      const { requester } = credential.caller
      const call: Call = {
        world,
        caller: credential.caller,
        accessKeyId: credential.accessKeyId,
        account: 'account' in requester ? requester.account : '',
        region: claim.region,
        via: undefined,
        decisions: record.decisions,
      }
      const output = await run(service, operation, input, call)
      note('ok')
      return write(found, operation, output, requestId)
    } catch (error) {
      const told = error instanceof AwsError ? error : failure(error)
      note(told.code, told.message)
      return writeError(service, told, requestId, request.method)
    }
  }
}

const claimedService = ({ headers }: Request): string | undefined =>
  /Credential=(?:[^/,]+\/){3}([^/,]+)\//.exec(headers.authorization ?? '')?.[1]

/** A defect of the double: no code of AWS, so that no caller takes it for one. 501, which clients do not try again. */
const failure = (error: unknown): AwsError =>
  new AwsError(
    'AwsDoubleFailure',
    error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error),
    501,
  )

async function run(service: Service, operation: Operation, input: Fields, call: Call): Promise<Fields> {
  const handler = service.operations[operation.name]
  if (!handler) throw notInDouble(`${service.name}:${operation.name}`)
  const output = await handler(input as never, call)
  if (call.decisions.length === 0 && !service.open?.includes(operation.name)) {
    throw new Error(`${service.name}:${operation.name} asked no policy`)
  }
  return (output ?? {}) as Fields
}

function parse({ service, model, rest }: Loaded, request: Request): Parsed {
  const named = (name: string): Operation => {
    const operation = model.operations.get(name)
    if (!operation) throw new AwsError('UnknownOperationException', `${service.name} has no operation ${name}`)
    return operation
  }
  if (service.protocol === 'json') {
    const [, prefix = '', name = ''] = /^(.*)\.(\w+)$/.exec(request.headers['x-amz-target'] ?? '') ?? []
    const type = request.headers['content-type'] ?? ''
    if (service.json && (prefix !== service.json.target || type !== jsonType(service)))
      throw new AwsError('UnknownOperationException', `${service.name} does not know ${prefix}.${name} as ${type}`)
    const operation = named(name)
    return { operation, input: readJson(operation.input, request.body) }
  }
  if (service.protocol === 'query') {
    const { action, form } = parseForm(request.body)
    const operation = named(action)
    return { operation, input: readQuery(operation.input, form) }
  }
  const inBucket = service.name === 's3' ? splitBucket(request.path) : { path: request.path, given: {} }
  const body = service.name === 's3' ? decodeBody(request.headers, request.body) : request.body
  return rest.read({ ...request, path: inBucket.path, query: new URLSearchParams(request.query), body }, inBucket.given)
}

const jsonType = ({ json }: Service): string => `application/x-amz-json-${json?.version ?? '1.1'}`

function splitBucket(path: string): { readonly path: string; readonly given: Fields } {
  const [, bucket = '', key = ''] = /^\/([^/]*)(?:\/(.*))?$/s.exec(path) ?? []
  return bucket === '' ? { path: '/', given: {} } : { path: `/${key}`, given: { Bucket: decodeURIComponent(bucket) } }
}

function write({ service, rest }: Loaded, operation: Operation, output: Fields, requestId: string): Response {
  const common = { 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId }
  if (service.protocol === 'json') {
    const headers = { ...common, 'content-type': jsonType(service) }
    return { status: 200, headers, body: writeJson(operation.output, output) }
  }
  if (service.protocol === 'query') {
    const { name } = operation
    const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`
    const result = `<${name}Result>${writeXmlMembers(operation.output, output)}</${name}Result>`
    const body = `<${name}Response xmlns="${service.xmlNamespace ?? ''}">${result}${metadata}</${name}Response>`
    return { status: 200, headers: { ...common, 'content-type': 'text/xml' }, body }
  }
  const response = rest.write(operation, output)
  return { ...response, headers: { ...common, ...response.headers } }
}

/** What every JSON service answers is named after the framework, the rest after the service. */
const namespaceOf = (code: string, own: string): string =>
  code === 'ValidationException'
    ? 'com.amazon.coral.validate'
    : [...Object.values(jsonCodes), 'UnknownOperationException', 'SerializationException'].includes(code)
      ? 'com.amazon.coral.service'
      : own

function writeError(service: Service | undefined, error: AwsError, requestId: string, method: string): Response {
  const headers = { 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId }
  if (!service || service.protocol === 'json') {
    const code = jsonCodes[error.code] ?? error.code
    const status = error.status === 404 ? 400 : error.status
    if (service?.json) {
      // As DynamoDB does: no header, and every code is refused with 400.
      const __type = `${namespaceOf(code, service.json.errors)}#${code}`
      const body = JSON.stringify({ __type, message: error.message })
      return { status: status === 403 ? 400 : status, headers: { ...headers, 'content-type': jsonType(service) }, body }
    }
    const body = JSON.stringify({ __type: code, message: error.message })
    const type = 'application/x-amz-json-1.1'
    return { status, headers: { ...headers, 'content-type': type, 'x-amzn-errortype': code }, body }
  }
  const xml = { ...headers, 'content-type': 'text/xml' }
  if (service.name === 's3') {
    const told = new AwsError(s3Codes[error.code] ?? error.code, error.message, error.status)
    return { status: error.status, headers: xml, body: method === 'HEAD' ? '' : writeXmlError(told, requestId, false) }
  }
  if (service.protocol === 'rest-xml') {
    return { status: error.status, headers: xml, body: writeXmlError(error, requestId, true) }
  }
  const inner = `<Type>Sender</Type><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>`
  const body = `<ErrorResponse><Error>${inner}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`
  return { status: error.status, headers: xml, body }
}
