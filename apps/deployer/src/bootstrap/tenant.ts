import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { configError } from '../config/problem.ts'
import { tenantSetupProblems } from '../config/tenant-setup-check.ts'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { Deployment } from '../model.ts'
import { secretId, secretNames } from '../names.ts'

const PATH = '/api/tenants/default/setup'
/** One request waits up to 25 s for the master keys. */
const ANSWER_MS = 60_000
const PATIENCE_MS = 10 * 60_000
const RETRY_MS = 2_000

/**
 * Sends tenant-setup.json, byte for byte, as the body of the one-shot set-up, and waits for its master keys. A tenant that is
 * populated already is no failure; a run that broke half-way is repeated. Throws DeployerError.
 */
export async function bootstrapTenant(context: Context): Promise<void> {
  const { settings, out } = context
  const base = baseUrl(settings.require('BACKEND_API_PATH'), context.deployment())
  const key = apiKey(settings.require('WALLET_API_KEY'), context.deployment())
  const name = settings.get('TENANT_SETUP_JSON') ?? 'tenant-setup.json'
  const body = await readSetup(resolve(context.cwd, name), name, context.deployment())
  if (context.flags.dryRun) return out.result({ sent: false }, `${name} is well-formed; nothing was sent (--dry-run)`)
  const deadline = context.clock() + PATIENCE_MS
  for (;;) {
    const { status, text } = await post(`${base}${PATH}`, key, body)
    if (status < 300)
      return out.result(
        { populated: true },
        `the tenant is set up from ${name}: users, owner group, master keys, chains`,
      )
    if (/already populated/i.test(text))
      return out.result({ populated: true, already: true }, 'already populated: nothing was changed')
    if (status !== 503 || context.clock() > deadline || context.signal.aborted)
      throw refused(status, text, context.deployment())
    out.say('the master keys are still being made; waiting')
    await sleep(RETRY_MS)
  }
}

/** Throws DeployerError. */
async function readSetup(path: string, name: string, deployment: Deployment): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const remedy = 'it comes with the bundle; or set TENANT_SETUP_JSON'
    throw new DeployerError('missing-file', `${name} cannot be read`, remedy, { cause })
  })
  const problems = tenantSetupProblems(new TextDecoder().decode(bytes), name, deployment)
  if (problems.length > 0) throw configError(problems)
  return bytes
}

function baseUrl(text: string, { hosts }: Deployment): string {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:' || url.host !== hosts.api || !['', '/'].includes(url.pathname))
    throw new DeployerError(
      'mismatch',
      `BACKEND_API_PATH is ${text}; this environment's API is at https://${hosts.api}`,
      `export BACKEND_API_PATH=https://${hosts.api}`,
    )
  return url.origin
}

function apiKey(text: string, deployment: Deployment): string {
  if (/^cwp_[\w-]+$/.test(text)) return text
  throw new DeployerError(
    'bad-config',
    'WALLET_API_KEY is not an API key of the wallet',
    `export WALLET_API_KEY=$(aws secretsmanager get-secret-value --secret-id ${secretId(deployment, secretNames.bootstrapKey)} --query SecretString --output text)`,
  )
}

async function post(url: string, key: string, body: Uint8Array): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: new Uint8Array(body),
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    return { status: response.status, text: await response.text() }
  } catch (cause) {
    throw new DeployerError(
      'unreachable',
      `the wallet at ${new URL(url).host} does not answer`,
      'run `make status`: is the wallet started and healthy, and does its name resolve?',
      { cause },
    )
  }
}

function refused(status: number, text: string, deployment: Deployment): DeployerError {
  const why = messageOf(text)
  if (status === 401)
    return new DeployerError(
      'failed',
      `the wallet does not know this WALLET_API_KEY: ${why}`,
      `read it anew from the secret ${secretId(deployment, secretNames.bootstrapKey)}`,
    )
  return new DeployerError(
    'failed',
    `the wallet refused the set-up (${status}): ${why}`,
    'correct it and run this again',
  )
}

function messageOf(text: string): string {
  try {
    const { message, Detail, detail } = JSON.parse(text) as Record<string, unknown>
    return String(message ?? Detail ?? detail ?? 'no reason given')
  } catch {
    return 'no reason given'
  }
}
