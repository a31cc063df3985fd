import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Layout } from '../src/config/customer-config.ts'
import { runDeployer } from '../src/run.ts'
import { fixtureText, fixtureVariables } from './fixtures/index.ts'

export interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** An admin's working directory with the customer-config.yml of a layout, and the deployer run in it. */
export class Workplace {
  readonly cwd = mkdtempSync(join(tmpdir(), 'trivault-workplace-'))
  readonly variables: Record<string, string>

  constructor(layout: Layout) {
    this.variables = fixtureVariables(layout)
    this.write('customer-config.yml', fixtureText(layout))
  }

  path(name: string): string {
    return join(this.cwd, name)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text)
  }

  edit(name: string, from: string, to: string): void {
    this.write(name, this.read(name).replace(from, to))
  }

  /** @param environment more variables; an empty one is unset */
  async run(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    clock = Date.now,
    ask: () => Promise<boolean> = async () => false,
  ): Promise<Run> {
    const parts = { out: '', err: '' }
    const code = await runDeployer(args, {
      environment: { PATH: process.env.PATH, ...this.variables, ...environment },
      cwd: this.cwd,
      streams: {
        out: text => {
          parts.out += text
        },
        err: text => {
          parts.err += text
        },
        interactive: false,
      },
      ask,
      clock,
    })
    return { code, ...parts }
  }

  remove(): void {
    rmSync(this.cwd, { recursive: true })
  }
}
