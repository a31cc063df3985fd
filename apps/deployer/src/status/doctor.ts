import { BD_WALLET } from '../config/bd-wallet.ts'
import { readIfThere } from '../config/index.ts'
import type { Context } from '../context.ts'
import type { Finding } from '../findings.ts'
import { hostTools, toolFindings } from '../tools.ts'
import { checkCertificates } from './certificates.ts'
import { checkConf, checkImages, checkKeyPolicies } from './drift.ts'
import { attempted, fail, ok, report, warn } from './findings.ts'
import { checkSignIn } from './sign-in.ts'
import { statusFindings } from './status.ts'

/** Beyond it AWS refuses signatures and nodes refuse entries soon. */
const CLOCK_WARN_MS = 30_000

/** `make doctor`: every check goes on when another fails; exit 0 when nothing failed. */
export async function doctor(context: Context): Promise<void> {
  const tools = toolFindings(await hostTools(context.environment), context.settings.get('DEPLOYER') === 'local')
  const caller = await attempted('caller', () => checkCaller(context))
  if (readIfThere(context.file(BD_WALLET)) === undefined || caller.some(({ level }) => level === 'fail')) {
    const next = warn('environment', 'was not looked at', 'sign in, and make generate-customer-assets')
    return report(context, 'doctor', [...tools, ...caller, next])
  }
  const { account } = await context.caller()
  const ofWallet = account === context.deployment().accounts.wallet
  const findings = await Promise.all([
    attempted('status', () => statusFindings(context)),
    attempted('key policies', () => checkKeyPolicies(context, account)),
    ...(ofWallet
      ? [
          attempted('configuration', () => checkConf(context)),
          attempted('images', () => checkImages(context)),
          attempted('certificates', () => checkCertificates(context)),
        ]
      : []),
    attempted('sign-in', () => checkSignIn(context)),
  ])
  report(context, 'doctor', [...tools, ...caller, ...findings.flat()])
}

async function checkCaller(context: Context): Promise<Finding[]> {
  const { arn, clockSkewMs = 0 } = await context.caller()
  const seconds = Math.round(Math.abs(clockSkewMs) / 1_000)
  const clock =
    Math.abs(clockSkewMs) > CLOCK_WARN_MS
      ? fail('clock', `differs from AWS by ${seconds} s`, 'set the clock by NTP (timedatectl set-ntp true)')
      : ok('clock', 'agrees with AWS')
  return [ok('caller', arn), clock]
}
