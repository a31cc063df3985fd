import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { canaries } from './canaries.ts'

// Small counts and every sixth canary in `npm test`, full ones in `npm run test:evil`. Every run is a process of its own, so that a canary is in no other.

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const { TRIVAULT_EVIL_OPERATIONS = '300', TRIVAULT_EVIL_SIGNED = '3', TRIVAULT_EVIL_SEED } = process.env
const isFull = Number(TRIVAULT_EVIL_OPERATIONS) >= 10_000
/** At most as many as the full run makes; a canary sings long before. */
const most = '10000'

function run(args: readonly string[], canary?: string): Promise<{ code: number | null; said: string }> {
  const hook = canary === undefined ? [] : ['--import', path('with-canary.ts')]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...hook, path('run.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(canary !== undefined && { TRIVAULT_CANARY: canary }) },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', code => resolve({ code, said }))
  })
}

describe('the evil wallet', () => {
  const seed = TRIVAULT_EVIL_SEED ?? `${randomInt(1_000_000)}`
  const count = Number(TRIVAULT_EVIL_OPERATIONS)
  // In an enclave a fifth of them, by keys whose secret the test knows.
  it.each([
    ['local', count, TRIVAULT_EVIL_SIGNED],
    ['enclave', count / 5, '0'],
  ])(
    `gets nothing signed that people did not approve, profile %s: %i operations, seed ${seed}`,
    async (profile, operations, signed) => {
      const options = ['--seed', seed, '--operations', `${operations}`, '--signed', signed, '--profile', profile]
      const { code, said } = await run(options)
      process.stdout.write(said)
      expect(said).toContain(`seed ${seed}: `)
      expect([code, code === 0 ? '' : said]).toEqual([0, ''])
    },
    3_600_000,
  )
})

describe('a bug in the checks is found by the same run', () => {
  it('as no run without one is', async () => {
    const { code, said } = await run(['--seed', '1', '--operations', '60'])
    expect([code, code === 0 ? '' : said]).toEqual([0, ''])
  }, 600_000)

  it.each(Object.keys(canaries).filter((_, index) => isFull || index % 6 === 0))(
    '%s',
    async name => {
      const profile = canaries[name]?.profile ?? 'local'
      const { code, said } = await run(['--seed', '1', '--operations', most, '--profile', profile], name)
      expect(said).toMatch(/^VIOLATION after \d+ operations, seed 1: /m)
      expect(code).toBe(2)
      process.stdout.write(`${name}: ${said.trim().slice(0, 200)}\n`)
    },
    3_600_000,
  )
})
