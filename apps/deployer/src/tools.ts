import { execFile } from 'node:child_process'
import type { Finding } from './finding.ts'

/** What `--version` of each program says; absent when it cannot be run. */
export type ToolVersions = Readonly<Partial<Record<ToolName, string>>>

interface Tool {
  readonly version: readonly string[]
  readonly minimum: readonly [number, number]
  readonly remedy: string
  /** Who does without it: everybody, or whoever sets DEPLOYER=local. */
  readonly optional?: 'always' | 'local'
}

const tools = {
  make: { version: ['--version'], minimum: [3, 81], remedy: 'install GNU make 3.81 or newer' },
  aws: {
    version: ['--version'],
    minimum: [2, 9],
    remedy: 'install AWS CLI 2.9 or newer: docs.aws.amazon.com/cli',
    optional: 'local',
  },
  docker: {
    version: ['--version'],
    minimum: [20, 10],
    remedy: 'install Docker 20.10 or newer, or set DEPLOYER=local',
    optional: 'local',
  },
  cosign: {
    version: ['version'],
    minimum: [2, 0],
    remedy: 'install cosign 2 or newer to verify images with a second program',
    optional: 'always',
  },
} as const satisfies Record<string, Tool>
type ToolName = keyof typeof tools
const toolNames = Object.keys(tools) as ToolName[]

/** Inside the container the Makefile tells what the host has, in TRIVAULT_HOST_TOOLS: one `name=words` per line. */
export async function hostTools(environment: NodeJS.ProcessEnv): Promise<ToolVersions> {
  const told = environment.TRIVAULT_HOST_TOOLS
  if (told !== undefined)
    return Object.fromEntries(
      told.split('\n').flatMap(line => {
        const [name = '', ...words] = line.split('=')
        return words.join('=').trim() === '' ? [] : [[name.trim(), words.join('=')]]
      }),
    )
  const versions = await Promise.all(
    toolNames.map(
      name =>
        new Promise<[ToolName, string][]>(resolve => {
          execFile(name, [...tools[name].version], { env: environment, timeout: 10_000 }, (error, stdout, stderr) =>
            resolve(error ? [] : [[name, `${stdout}${stderr}`]]),
          )
        }),
    ),
  )
  return Object.fromEntries(versions.flat())
}

/** Pure: one finding per program. */
export function toolFindings(versions: ToolVersions, local: boolean): Finding[] {
  return toolNames.map(name => {
    const tool: Tool = tools[name]
    const said = versions[name]
    const [, major = '', minor = ''] = /(\d+)\.(\d+)/.exec(said ?? '') ?? []
    const [wantMajor, wantMinor] = tool.minimum
    const enough = Number(major) > wantMajor || (Number(major) === wantMajor && Number(minor) >= wantMinor)
    const level = tool.optional === 'always' || (tool.optional === 'local' && local) ? 'warn' : 'fail'
    const { remedy } = tool
    if (said === undefined || major === '') return { level, check: name, message: 'is not installed', remedy }
    if (!enough) return { level, check: name, message: `${major}.${minor} is too old`, remedy }
    return { level: 'ok', check: name, message: `${major}.${minor}` }
  })
}
