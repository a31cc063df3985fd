import { spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_INDEXES, type NodeIndex } from '../src/model.ts'
import { nodeAdmin, type Role, roles } from '../src/roles.ts'

/** One admin: a working directory, credentials of one account, and a shell whose exported variables last. */
export class Person {
  readonly name: string
  readonly account: string
  readonly roles: readonly Role[]
  readonly dir: string
  readonly transcript: string
  environment: Readonly<Record<string, string>>

  constructor(options: {
    readonly name: string
    readonly account: string
    readonly roles: readonly Role[]
    readonly dir: string
    readonly environment: Readonly<Record<string, string>>
  }) {
    this.name = options.name
    this.account = options.account
    this.roles = options.roles
    this.dir = join(options.dir, options.name)
    this.transcript = join(options.dir, `${options.name}.log`)
    this.environment = options.environment
    mkdirSync(this.dir, { mode: 0o700 })
  }

  /** Runs a shell script; what it exports stays for the next one. */
  async run(script: string): Promise<{ code: number; output: string }> {
    const saved = join(this.dir, '.environment')
    const wrapped = `set -euo pipefail\n${script}\nenv -0 > "$GUIDE_SAVED"\n`
    const result = await shell(wrapped, this.dir, { ...this.environment, GUIDE_SAVED: saved })
    appendFileSync(this.transcript, `$ ${script}\n${result.output}\n`, { mode: 0o600 })
    if (result.code === 0)
      this.environment = Object.fromEntries(
        readFileSync(saved, 'utf8')
          .split('\0')
          .filter(entry => entry.includes('='))
          .map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
      )
    return result
  }
}

function shell(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  const child = spawn('bash', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString('utf8')))
  return new Promise(resolve => child.once('close', code => resolve({ code: code ?? 1, output })))
}

/** Whom a block of the guide is for. */
export function whoRuns(people: readonly Person[], who: string): readonly Person[] {
  if (who === 'everyone') return people
  const nodeAdmins = people.filter(person => nodesOf(person).length > 0)
  if (who === 'policy-node-admins') return nodeAdmins
  if (who === 'separate-policy-node-admins')
    return nodeAdmins.filter(({ roles: own }) => !own.includes('infrastructure-admin'))
  if (!roles.some(role => role === who)) throw new RangeError(`the guide names a role ${who}`)
  return people.filter(({ roles: own }) => own.some(role => role === who))
}

/** The Policy Nodes whose admin this person is. */
export const nodesOf = ({ roles: own }: Person): NodeIndex[] =>
  NODE_INDEXES.filter(node => own.includes(nodeAdmin(node)))

export function withRole({ people }: { readonly people: readonly Person[] }, role: Role): Person {
  const person = people.find(({ roles: own }) => own.includes(role))
  if (person === undefined) throw new RangeError(`nobody is ${role}`)
  return person
}
