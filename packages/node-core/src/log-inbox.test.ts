import { LedgerError } from '@trivault/ledger'
import { describe, expect, it } from 'vitest'
import { LogInbox, MAX_WAITING_BYTES, MAX_WAITING_MESSAGES } from './log-inbox.ts'

/** An inbox whose voter waits for its anchor until `answer`. */
function waiting() {
  const anchor = Promise.withResolvers<void>()
  const handled: number[] = []
  const lines: unknown[] = []
  let dropped = 0
  const inbox = new LogInbox<undefined>({
    handle: body => {
      handled.push(body.length)
      return anchor.promise
    },
    log: (level, message, fields) => void lines.push([level, message, fields?.reason]),
    metrics: {
      count: name => {
        if (name === 'log_messages_dropped') dropped += 1
      },
    },
  })
  const take = (size: number) => inbox.take(new Uint8Array(size), undefined)
  return { anchor, handled, lines, take, dropped: () => dropped }
}
const settled = () => new Promise(resolve => setImmediate(resolve))

describe('messages of the log, while the anchor does not answer', () => {
  it('are dropped beyond a number, and taken again once the waiting ones are over', async () => {
    const { anchor, handled, take, dropped } = waiting()
    for (let i = 0; i < MAX_WAITING_MESSAGES + 500; i++) take(1)
    expect([handled.length, dropped()]).toEqual([MAX_WAITING_MESSAGES, 500])
    anchor.resolve()
    await settled()
    take(1)
    expect([handled.length, dropped()]).toEqual([MAX_WAITING_MESSAGES + 1, 500])
  })

  it('are dropped beyond a size, where a smaller one still has room', async () => {
    const { handled, take, dropped } = waiting()
    const half = MAX_WAITING_BYTES / 2
    for (const size of [half, half - 1, 2, 1, 1]) take(size)
    expect([handled, dropped()]).toEqual([[half, half - 1, 1], 2])
  })

  it('make room when they fail, too, and say why', async () => {
    const { anchor, handled, lines, take } = waiting()
    for (let i = 0; i < MAX_WAITING_MESSAGES; i++) take(0)
    anchor.reject(new LedgerError('anchor-unreachable', 'the pipe is cut'))
    await settled()
    expect(lines.length).toBe(MAX_WAITING_MESSAGES)
    expect(lines[0]).toEqual(['error', 'log message could not be handled', 'the pipe is cut'])
    take(0)
    expect(handled.length).toBe(MAX_WAITING_MESSAGES + 1)
  })
})
