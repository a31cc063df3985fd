import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { type MetricsServer, serveMetrics } from './metrics.ts'

let open: MetricsServer | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function serve() {
  const listen = { host: '127.0.0.1', port: await freePort() }
  open = await serveMetrics(listen, 'node1')
  const text = async () => (await fetch(`http://127.0.0.1:${listen.port}/metrics`)).text()
  return { sink: open.sink, text, listen }
}

describe('metrics', () => {
  it('carry the core’s figures, with the unit in the name', async () => {
    const { sink, text } = await serve()
    sink('count', 'refusals', 1, [{ name: 'code', value: 'time' }])
    sink('count', 'refusals', 2, [{ name: 'code', value: 'time' }])
    sink('gauge', 'log_height', 7, [])
    sink('gauge', 'log_height', 8, [])
    sink('observe', 'signing_seconds', 0.02, [])
    const shown = await text()
    expect(shown).toContain('trivault_refusals_total{code="time",node="node1"} 3\n')
    expect(shown).toContain('trivault_log_height{node="node1"} 8\n')
    expect(shown).toContain('trivault_signing_seconds_bucket{le="0.025",node="node1"} 1\n')
    expect(shown).toContain('trivault_signing_seconds_bucket{le="0.01",node="node1"} 0\n')
  })

  it('leave out what is no metric, and never throw', async () => {
    const { sink, text } = await serve()
    sink('count', 'mixed', 1, [])
    for (const [kind, name, value, labels] of [
      ['count', 'mixed', 1, [{ name: 'other', value: 'x' }]],
      ['count', 'mixed', -5, []],
      ['gauge', 'Bad-Name', 1, []],
      ['gauge', 'x\ninjected 1', 1, []],
      ['gauge', 'label', 1, [{ name: 'a b', value: 'x' }]],
    ] as const)
      sink(kind, name, value, labels)
    const shown = await text()
    expect(shown).toContain('trivault_mixed_total{node="node1"} 1\n')
    expect(shown).not.toMatch(/injected|Bad|trivault_label/)
  })

  it('are refused on a port that is taken', async () => {
    const { listen } = await serve()
    await expect(serveMetrics(listen, 'node1')).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
