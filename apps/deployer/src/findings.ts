import { lstatSync } from 'node:fs'
import { resolve } from 'node:path'
import { fieldsDue, TENANT_SETUP } from './config/assets.ts'
import { BD_WALLET, readBdWallet } from './config/bd-wallet.ts'
import { CUSTOMER_CONFIG } from './config/customer-config.ts'
import { checkEnvironment, readIfThere } from './config/index.ts'
import { type Environment, separated } from './config/rules.ts'
import { tenantSetupProblems } from './config/tenant-setup-check.ts'
import type { Context } from './context.ts'
import { DeployerError, placeText } from './errors.ts'
import type { Finding } from './finding.ts'
import { dueText, noSeparation } from './notices.ts'
import { checkRole, declaredRole, refuseRoot } from './preflight.ts'
import { rolesOf, roleTitles } from './roles.ts'
import { type VariableName, variable } from './settings.ts'
import { hostTools, toolFindings } from './tools.ts'

export type { Finding } from './finding.ts'

const required: readonly VariableName[] = [
  'NAMESPACE',
  'ENV_PREFIX',
  'AWS_REGION',
  'DEPLOYER_VERSION',
  'MPA_IMAGE_TAG',
  'CUSTOMER_SHARED_SEGMENT',
]

/** Every check of this host, caller, variables and files. Changes nothing. */
export async function preflight(context: Context): Promise<void> {
  const findings = [
    ...toolFindings(await hostTools(context.environment), context.settings.get('DEPLOYER') === 'local'),
    ...variableFindings(context),
    ...fileFindings(context),
    ...(await callerFindings(context)),
  ]
  const { out } = context
  const failed = findings.filter(({ level }) => level === 'fail').length
  const mark = { ok: '✓', warn: '!', fail: '✗' }
  const lines = findings.map(
    ({ level, check, message, remedy }) => `${mark[level]} ${check}: ${message}${remedy ? ` → ${remedy}` : ''}`,
  )
  out.result({ ok: failed === 0, findings }, lines.join('\n'))
  if (failed > 0)
    throw new DeployerError(
      'failed',
      `${failed} of ${findings.length} checks failed`,
      'mend what ✗ marks, then run `make preflight` again',
      { told: true },
    )
}

function variableFindings({ settings }: Context): Finding[] {
  const names: readonly VariableName[] =
    settings.get('DEPLOYER') === 'local' ? required : [...required, 'SIGNING_KEY_FINGERPRINT']
  return names.map(name => {
    const value = settings.get(name)
    if (value !== undefined) return { level: 'ok', check: name, message: value }
    const { purpose, example } = variable(name)
    return { level: 'fail', check: name, message: `is not set: ${purpose}`, remedy: `export ${name}=${example}` }
  })
}

function fileFindings(context: Context): Finding[] {
  const { cwd, settings } = context
  if (['NAMESPACE', 'ENV_PREFIX', 'AWS_REGION'].some(name => settings.get(name as VariableName) === undefined))
    return []
  const findings: Finding[] = [CUSTOMER_CONFIG, BD_WALLET].flatMap(file =>
    readIfThere(context.file(file)) === undefined
      ? [
          {
            level: 'warn' as const,
            check: file,
            message: 'is not here yet',
            remedy: file === BD_WALLET ? 'make generate-customer-assets' : 'make pull-customer-assets',
          },
        ]
      : [],
  )
  const problems = attempt(() => checkEnvironment(cwd, settings))
  if (problems.length > 0) return [...findings, ...problems]
  const bdWallet = readIfThere(context.file(BD_WALLET))
  const environment = bdWallet === undefined ? undefined : readBdWallet(bdWallet).environment
  if (findings.length === 0)
    findings.push({
      level: 'ok',
      check: 'files',
      message: `${CUSTOMER_CONFIG} and ${BD_WALLET} agree with the variables`,
    })
  const due = fieldsDue(cwd)
  if (due.length > 0) findings.push({ level: 'warn', check: BD_WALLET, ...dueText(due) })
  findings.push(...tenantSetupFindings(context, environment))
  if (environment !== undefined && !separated(environment))
    findings.push({ level: 'warn', check: 'separation', ...noSeparation })
  const secrets = context.file('customer-secrets.yml')
  if (readIfThere(secrets) !== undefined && (lstatSync(secrets).mode & 0o077) !== 0)
    findings.push({
      level: 'fail',
      check: 'customer-secrets.yml',
      message: 'others on this host can read it',
      remedy: 'chmod 600 customer-secrets.yml',
    })
  return findings
}

function tenantSetupFindings({ cwd, settings }: Context, environment: Environment | undefined): Finding[] {
  const name = settings.get('TENANT_SETUP_JSON') ?? TENANT_SETUP
  const text = readIfThere(resolve(cwd, name))
  if (text === undefined)
    return [{ level: 'warn', check: name, message: 'is not here yet', remedy: 'make generate-customer-assets' }]
  const problems = tenantSetupProblems(text, name, environment)
  if (problems.length === 0)
    return [{ level: 'ok', check: name, message: 'is what the API and the Policy Nodes accept' }]
  return problems.map(({ file, line, field, message, remedy }) => ({
    level: 'fail',
    check: placeText({ file, ...(line !== undefined && { line }), field }),
    message,
    remedy,
  }))
}

/** Clocks that differ by more make AWS refuse requests and nodes refuse entries. */
const CLOCK_WARN_MS = 30_000

async function callerFindings(context: Context): Promise<Finding[]> {
  if (context.settings.get('AWS_REGION') === undefined) return []
  try {
    const caller = await context.caller()
    refuseRoot(caller)
    const findings: Finding[] = [
      { level: 'ok', check: 'caller', message: `${caller.arn} in account ${caller.account}` },
    ]
    const skew = Math.abs(caller.clockSkewMs ?? 0)
    findings.push(
      skew > CLOCK_WARN_MS
        ? {
            level: 'fail',
            check: 'clock',
            message: `differs from AWS by ${Math.round(skew / 1000)} s`,
            remedy: 'set the clock by NTP (timedatectl set-ntp true)',
          }
        : { level: 'ok', check: 'clock', message: 'agrees with AWS' },
    )
    const text = readIfThere(context.file(BD_WALLET))
    const environment = text === undefined ? undefined : readBdWallet(text).environment
    if (environment === undefined) return findings
    checkRole(environment, caller, declaredRole(context))
    const mine = rolesOf(environment, caller.account).map(role => roleTitles[role])
    return [...findings, { level: 'ok', check: 'role', message: mine.join(', ') }]
  } catch (error) {
    return failures(error, 'caller')
  }
}

function attempt(check: () => void): Finding[] {
  try {
    check()
    return []
  } catch (error) {
    return failures(error, 'files')
  }
}

function failures(error: unknown, check: string): Finding[] {
  if (!(error instanceof DeployerError)) throw error
  return [error, ...error.others].map(({ message, remedy, place }) => ({
    level: 'fail',
    check: place ? placeText(place) : check,
    message,
    remedy,
  }))
}

/** Account, caller, roles and environment, before anything changes. */
export async function whoami(context: Context): Promise<void> {
  const { account, arn } = await context.caller()
  const text = readIfThere(context.file(BD_WALLET))
  const environment = text === undefined ? undefined : readBdWallet(text).environment
  const mine = environment === undefined ? [] : rolesOf(environment, account)
  const words =
    environment === undefined
      ? `unknown: no ${BD_WALLET} here yet`
      : mine.map(role => roleTitles[role]).join(', ') ||
        `none: this account has no part in ${environment.namespace} ${environment.environment}`
  const { settings } = context
  const [namespace, prefix, region] = (['NAMESPACE', 'ENV_PREFIX', 'AWS_REGION'] as const).map(name =>
    settings.get(name),
  )
  context.out.result(
    { account, arn, roles: mine, namespace, environment: prefix, region },
    `account      ${account}\ncaller       ${arn}\nroles        ${words}\nenvironment  ${namespace} ${prefix} in ${region}`,
  )
}
