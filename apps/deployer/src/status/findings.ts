import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { Finding } from '../findings.ts'

export const ok = (check: string, message: string): Finding => ({ level: 'ok', check, message })
export const warn = (check: string, message: string, remedy: string): Finding => ({
  level: 'warn',
  check,
  message,
  remedy,
})
export const fail = (check: string, message: string, remedy: string): Finding => ({
  level: 'fail',
  check,
  message,
  remedy,
})

/** What a check found; one that cannot be made is a finding too, and the others go on. */
export async function attempted(check: string, find: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await find()
  } catch (error) {
    if (error instanceof DeployerError) return [fail(check, error.message, error.remedy)]
    const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return [fail(check, `cannot be checked: ${words}`, 'check the rights of your role')]
  }
}

const marks = { ok: '✓', warn: '!', fail: '✗' } as const

/** Prints all of it. Throws `DeployerError` failed (exit 1) unless nothing failed. */
export function report({ out }: Pick<Context, 'out'>, command: string, findings: readonly Finding[]): void {
  const failed = findings.filter(({ level }) => level === 'fail')
  const lines = findings.map(
    ({ level, check, message, remedy }) => `${marks[level]} ${check}: ${message}${remedy ? ` → ${remedy}` : ''}`,
  )
  const closing =
    failed.length === 0 ? 'healthy' : `NOT healthy: ${[...new Set(failed.map(({ check }) => check))].join(', ')}`
  out.result({ healthy: failed.length === 0, findings }, [...lines, closing].join('\n'))
  if (failed.length > 0)
    throw new DeployerError('failed', closing, `do what stands behind → and run \`make ${command}\` again`, {
      told: true,
    })
}
