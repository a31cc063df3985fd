import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CliError } from './errors.ts'
import type { Terminal } from './session.ts'

export interface SignIn {
  issuer: string
  clientId: string
  nonce: string
  /** Port of 127.0.0.1 to which the browser comes back; 0 takes a free one. */
  callbackPort: number
  terminal: Pick<Terminal, 'err'>
  timeoutMs?: number
}

/** The members of a public JWK that name a key. */
export interface IssuerJwk {
  kty: 'RSA' | 'EC'
  n?: string
  x?: string
  y?: string
}

const timeout = 5 * 60_000
const requestTimeout = 15_000

/**
 * An ID token of the person at the browser, and the issuer's key that its header names: authorization code with PKCE and a loopback
 * redirect (RFC 8252, RFC 7636). The person signs in anew, so that the token is fresh. The nodes check it. Throws `CliError`.
 */
export async function fetchIdToken(signIn: SignIn): Promise<{ idToken: string; issuerKey: IssuerJwk }> {
  const { issuer, clientId, nonce, terminal } = signIn
  const discovery = await fetchJson(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`)
  if (textOf(discovery, 'issuer') !== issuer)
    throw new CliError('untrusted', `the identity provider calls itself another issuer than ${issuer}`)
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const callback = await waitForCallback(signIn.callbackPort, state)
  try {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: callback.url,
      scope: 'openid email profile',
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      prompt: 'login',
      max_age: '0',
    })
    terminal.err(`Sign in with your browser at\n${textOf(discovery, 'authorization_endpoint')}?${query}\n`)
    const code = await withTimeout(callback.code, signIn.timeoutMs ?? timeout)
    const tokens = await fetchJson(textOf(discovery, 'token_endpoint'), {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: clientId,
        code,
        redirect_uri: callback.url,
        code_verifier: verifier,
      }),
    })
    const idToken = textOf(tokens, 'id_token')
    return { idToken, issuerKey: await issuerKeyOf(idToken, textOf(discovery, 'jwks_uri')) }
  } finally {
    callback.close()
  }
}

/** Every signing key that an issuer publishes now. Throws `CliError`. */
export async function publishedKeys(issuer: string): Promise<(IssuerJwk & { kid?: string })[]> {
  const discovery = await fetchJson(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`)
  if (textOf(discovery, 'issuer') !== issuer)
    throw new CliError('untrusted', `the issuer calls itself ${plain(textOf(discovery, 'issuer'))}: give it exactly so`)
  return (await jwksAt(textOf(discovery, 'jwks_uri')))
    .filter(key => ['RSA', 'EC'].includes(optionalText(key, 'kty') ?? '') && optionalText(key, 'use') !== 'enc')
    .map(key => {
      const kid = optionalText(key, 'kid')
      return { ...publicKeyOf(key), ...(kid !== undefined && { kid: plain(kid) }) }
    })
}

async function jwksAt(uri: string): Promise<unknown[]> {
  const set = await fetchJson(uri)
  const keys: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined
  return Array.isArray(keys) ? keys : []
}

function publicKeyOf(key: unknown): IssuerJwk {
  const kty = optionalText(key, 'kty')
  if (kty === 'RSA') return { kty, n: textOf(key, 'n') }
  if (kty === 'EC') return { kty, x: textOf(key, 'x'), y: textOf(key, 'y') }
  throw new CliError('refused', 'the identity provider publishes no RSA or EC key for its token')
}

/** The published key that the token's header names. The header only finds it: the thumbprint decides whether it counts. */
async function issuerKeyOf(idToken: string, jwksUri: string): Promise<IssuerJwk> {
  const header: unknown = JSON.parse(Buffer.from(idToken.split('.')[0] ?? '', 'base64url').toString() || '{}')
  const kid = optionalText(header, 'kid')
  const list = await jwksAt(jwksUri)
  const key = kid === undefined && list.length === 1 ? list[0] : list.find(one => optionalText(one, 'kid') === kid)
  return publicKeyOf(key)
}

const page = (text: string) => `<!doctype html><html lang="en"><title>Trivault</title><p>${text}</p></html>`

/** Listens for the browser's way back. One answer with the right state ends it; others are turned away. */
async function waitForCallback(port: number, state: string) {
  const result = Promise.withResolvers<string>()
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const ours = url.pathname === '/callback' && url.searchParams.get('state') === state
    const code = ours ? url.searchParams.get('code') : null
    response.writeHead(ours ? 200 : 400, { 'content-type': 'text/html; charset=utf-8', connection: 'close' })
    response.end(page(code ? 'Signed in. You can close this window.' : 'The sign-in failed: look at the command line.'))
    if (code) result.resolve(code)
    else if (ours)
      result.reject(
        new CliError('refused', `the identity provider refused: ${plain(url.searchParams.get('error') ?? 'no code')}`),
      )
  }
  const server = createServer(answer)
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause =>
      reject(new CliError('configuration', `port ${port} is in use: name another --callback-port`, { cause })),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  result.promise.catch(() => undefined)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    code: result.promise,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CliError('failed', 'nobody signed in in time')), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

async function fetchJson(url: string, init: RequestInit = {}): Promise<unknown> {
  let response: Response
  let body: unknown
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(requestTimeout) })
    body = await response.json()
  } catch (cause) {
    throw new CliError('unreachable', 'the identity provider cannot be reached, or does not answer in JSON', { cause })
  }
  if (!response.ok)
    throw new CliError('refused', `the identity provider refused: ${plain(optionalText(body, 'error') ?? 'no reason')}`)
  return body
}

/** Foreign text for the terminal. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)

function optionalText(value: unknown, name: string): string | undefined {
  const field =
    typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
  return typeof field === 'string' ? field : undefined
}

function textOf(value: unknown, name: string): string {
  const text = optionalText(value, name)
  if (text === undefined) throw new CliError('refused', `the answer of the identity provider has no ${name}`)
  return text
}
