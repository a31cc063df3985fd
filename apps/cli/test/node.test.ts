import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeRecreateRequest } from '@trivault/ledger'
import { genesisJson, vaultIdOf } from '@trivault/protocol'
import { testGenesis } from '@trivault/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../src/run.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trivault-cli-node-'))
  writeFileSync(join(dir, 'pins.json'), genesisJson.write(testGenesis()))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const hash = 'ab'.repeat(32)
const run = async (head: string, answer: boolean, index = '2', more: string[] = []) => {
  const said: string[] = []
  const asked: string[] = []
  const out = (text: string) => void said.push(text)
  const code = await runCli(
    [
      ...['--pins', join(dir, 'pins.json'), 'node', 'recreate-vote-record', '--index', index],
      ...['--anchor', join(dir, 'anchor'), '--head', head, ...more],
    ],
    {
      ...{ out, err: out, readInput: async () => '' },
      confirm: async question => {
        asked.push(question)
        return answer
      },
    },
  )
  return { code, said: said.join(''), asked }
}
const file = () => join(dir, 'anchor', 'recreate.json')

describe('trivault node recreate-vote-record', () => {
  it('leaves the request where the node looks for it, after the admin said yes', async () => {
    const { code, asked } = await run(`17:${hash}`, true)
    expect([code, asked.length]).toEqual([0, 1])
    expect(asked[0]).toContain('every other copy of node 2 stopped')
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(decodeRecreateRequest(readFileSync(file(), 'utf8'))).toEqual({
      ...{ vaultId: vaultIdOf(testGenesis()), node: 2 },
      head: { seq: 17, hash: new Uint8Array(32).fill(0xab) },
    })
    expect((await run(`18:${hash}`, false, '2', ['--yes'])).asked).toEqual([])
    expect(decodeRecreateRequest(readFileSync(file(), 'utf8')).head.seq).toBe(18)
  })

  it('writes nothing without a yes, for another node, or for a head that is none', async () => {
    expect(await run(`17:${hash}`, false)).toMatchObject({
      code: 1,
      said: expect.stringContaining('nothing was written'),
    })
    expect(await run(`17:${hash}`, true, '3')).toMatchObject({ code: 2, said: expect.stringContaining('--index') })
    for (const head of ['17', hash, `17:${hash}0`, `-1:${hash}`, `17:${hash.toUpperCase()}`])
      expect(await run(head, true)).toMatchObject({ code: 2, said: expect.stringContaining('--head') })
    expect(() => statSync(file())).toThrow()
  })
})
