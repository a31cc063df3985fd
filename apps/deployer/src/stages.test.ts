import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createContext } from './context.ts'
import { registerStages } from './stages.ts'
import { targets } from './targets.ts'

/** A program whose commands say that they ran; the one of `failing` does not work. */
function stageRun(json: boolean, failing?: string) {
  const said = { out: '', err: '' }
  const context = createContext({
    environment: {},
    cwd: '/',
    flags: { json, dryRun: false, yes: false },
    ask: async () => false,
    streams: {
      out: text => {
        said.out += text
      },
      err: text => {
        said.err += text
      },
      interactive: false,
    },
  })
  const programFor = (one: typeof context): Command => {
    const program = new Command()
    for (const name of targets['deploy-stage-2']?.sequence ?? [])
      program.command(name).action(() => {
        if (name === failing) throw new Error('no network')
        one.out.result({ did: name }, `did ${name}`)
      })
    registerStages(program, one, programFor)
    return program
  }
  return { said, run: () => programFor(context).parseAsync(['deploy-stage-2'], { from: 'user' }) }
}

describe('a stage', () => {
  it('runs its targets in order', async () => {
    const { said, run } = stageRun(false)
    await run()
    expect(said.out.match(/(?<=did )\S+/g)).toEqual([
      'generate-fe-env',
      'deploy-wallet',
      'deploy-nitro-nodes',
      'start-wallet',
    ])
  })

  it('prints one JSON document', async () => {
    const { said, run } = stageRun(true)
    await run()
    expect(JSON.parse(said.out)).toMatchObject({
      stage: 'deploy-stage-2',
      steps: [{ command: 'generate-fe-env', result: { did: 'generate-fe-env' } }, {}, {}, { command: 'start-wallet' }],
    })
  })

  it('stops at the first that fails, and says where', async () => {
    const { said, run } = stageRun(false, 'deploy-nitro-nodes')
    await expect(run()).rejects.toThrow('no network')
    expect(said.err).toContain('deploy-stage-2 stopped at 3/4 deploy-nitro-nodes')
    expect(said.out).not.toContain('did start-wallet')
  })
})
