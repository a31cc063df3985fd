import { LedgerError } from '@trivault/ledger'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from './answers.ts'
import { openRow, sealRow, TableRow } from './rows.ts'

const key = new Uint8Array(32).fill(1)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const content = (value: string) => new TextEncoder().encode(value)

/** What becomes of one request: done and answered, done with the answer lost, or lost before it was done. */
type Fate = 'answered' | 'done, answer lost' | 'lost'
const fates = fc.array(fc.constantFrom<Fate>('answered', 'done, answer lost', 'lost'), { maxLength: 4 })

/** A table, and clients of it that send a request again until it is answered, four times at most. */
function tableWith(between: () => void) {
  const history: Item[] = []
  let item: Item | undefined
  const put = (next: Item, version: number | undefined): boolean => {
    if (item?.version !== version) return false
    item = next
    history.push(next)
    return true
  }
  const clientOf = (own: Fate[]) => {
    const again = async <T>(work: () => T): Promise<T> => {
      for (let tries = 0; tries < 4; tries++) {
        const fate = own.shift() ?? 'answered'
        const result = fate === 'lost' ? undefined : work()
        between()
        if (fate === 'answered') return result as T
      }
      throw new LedgerError('anchor-unreachable', 'no answer')
    }
    return {
      get: () => again(() => item && { ...item }),
      put: (next: Item, version: number | undefined) => again(() => put(next, version)),
    }
  }
  return { history, clientOf, put, now: () => item }
}

function randomOf() {
  let made = 0
  return (length: number) => new Uint8Array(length).fill(++made % 256).fill(made >> 8, 0, 1)
}

describe('a row', () => {
  it('is written when the answer says so or exactly this row is there, and never otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ process: fc.nat(1), fates, same: fc.boolean() }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.boolean(), { maxLength: 30 }),
        async (steps, interruptions) => {
          const queue: Fate[][] = [[], []]
          const random = randomOf()
          /** A third process that writes in between, whenever the schedule says so. */
          const rival = () => {
            const there = table.now()
            if (!interruptions.shift() || there === undefined) return
            const version = there.version + 1
            table.put(
              {
                record: 'votes',
                version,
                row: sealRow(key, 'votes', random(16), { version, content: content('same') }),
              },
              there.version,
            )
          }
          const table = tableWith(rival)
          table.put(
            {
              record: 'votes',
              version: 0,
              row: sealRow(key, 'votes', random(16), { version: 0, content: content('') }),
            },
            undefined,
          )
          const rows = queue.map(own => new TableRow({ client: table.clientOf(own), key, random }, 'votes'))
          const confirmed = new Map<number, string>()
          for (const [i, { process, fates: own, same }] of steps.entries()) {
            queue[process]?.splice(0, Number.POSITIVE_INFINITY, ...own)
            const version = (table.now()?.version ?? 0) + 1
            const written = same ? 'same' : `step ${i}`
            const before = table.history.length
            const isDone = await rows[process]
              ?.replace(version - 1, { version, content: content(written) })
              .catch(() => undefined)
            const mine = table.history
              .slice(before)
              .find(item => item.version === version && text(openRow(key, 'votes', item).content) === written)
            if (isDone === true) {
              expect(mine).toBeDefined()
              expect(confirmed.has(version)).toBe(false)
              confirmed.set(version, written)
            }
            // Not written and said so: the version belongs to somebody else, or it was written and gone over.
            if (isDone === false) expect(table.now()?.version).toBeGreaterThanOrEqual(version)
            if (!same && mine === undefined) expect(isDone).not.toBe(true)
          }
          // One row per version, whatever was lost, and what was confirmed is that row.
          const versions = table.history.map(item => item.version)
          expect(versions).toEqual(versions.map((_, i) => i))
          for (const [version, written] of confirmed)
            expect(text(openRow(key, 'votes', table.history[version] as Item).content)).toBe(written)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('after a lost answer is not taken for ours when another process wrote the same content', async () => {
    const random = randomOf()
    const table = tableWith(() => undefined)
    const fates: Fate[] = ['lost']
    const seal = (version: number) => ({
      record: 'votes',
      version,
      row: sealRow(key, 'votes', random(16), { version, content: content('same') }),
    })
    table.put(seal(0), undefined)
    const client = table.clientOf(fates)
    const row = new TableRow(
      {
        client: {
          ...client,
          put(item, version) {
            table.put(seal(1), 0)
            return client.put(item, version)
          },
        },
        key,
        random,
      },
      'votes',
    )
    expect(await row.replace(0, { version: 1, content: content('same') })).toBe(false)
  })

  it('opens under its own key, name and version only', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(),
        fc.constantFrom('votes', 'holds'),
        (bytes, version, record) => {
          const row = sealRow(key, record, new Uint8Array(16), { version, content: bytes })
          expect(openRow(key, record, { record, version, row })).toEqual({ version, content: bytes })
          const other = record === 'votes' ? 'holds' : 'votes'
          for (const wrong of [
            () => openRow(new Uint8Array(32), record, { record, version, row }),
            () => openRow(key, other, { record: other, version, row }),
            () => openRow(key, record, { record: other, version, row }),
            () => openRow(key, record, { record, version: version + 1, row }),
            () => openRow(key, record, { record, version, row: row.subarray(1) }),
            () => openRow(key, record, { record, version, row: Uint8Array.of(...row, 0) }),
          ])
            expect(wrong).toThrow(LedgerError)
        },
      ),
    )
  })
})
