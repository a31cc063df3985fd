import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import { runCore, startNode, warmUp } from '@trivault/node-core'

// Ctrl-C reaches the whole process group; the host decides when the core ends.
process.on('SIGINT', () => undefined)

// Frames without the message: what a foreign error quotes may be secret.
process.on('uncaughtException', error => {
  const frames = error.stack?.split('\n').filter(line => /^\s+at /.test(line)) ?? []
  process.stderr.write(`${[`core ended by ${error.name}`, ...frames].join('\n')}\n`)
  process.exit(1)
})

/** Signatures with dummy keys before the first real one: most of what the compiler has to learn. */
const WARM_UP = 40

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const code = await runCore({
  stream: new Socket({ fd: 3 }),
  startNode,
  clock: Date.now,
  random,
  warmUp: () => warmUp(random, WARM_UP),
  version: '0.1.0',
  usage() {
    const { user, system } = process.cpuUsage()
    return { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 }
  },
})
process.exit(code)
