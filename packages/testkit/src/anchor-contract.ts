import type { Anchor } from '@trivault/ledger'
import { describe, expect, it } from 'vitest'

/** What every anchor must do. `make` gives one whose row is version 0, and a second handle on the same row. */
export function anchorContract(
  name: string,
  make: () => Promise<{ anchor: Anchor; again: () => Promise<Anchor> }>,
): void {
  const row = (version: number, text: string) => ({ version, record: new TextEncoder().encode(text) })

  describe(`${name}: anchor contract`, () => {
    it('shows the row that was set, to itself and to the next process', async () => {
      const { anchor, again } = await make()
      expect(await anchor.load()).toMatchObject({ version: 0 })
      expect(await anchor.compareAndSet(0, row(1, 'a'))).toBe(true)
      expect(await anchor.compareAndSet(1, row(2, 'b'))).toBe(true)
      expect(await anchor.load()).toEqual(row(2, 'b'))
      expect(await (await again()).load()).toEqual(row(2, 'b'))
    })

    it('rejects every version but the current one, and leaves the row as it was', async () => {
      const { anchor, again } = await make()
      await anchor.compareAndSet(0, row(1, 'a'))
      await anchor.compareAndSet(1, row(2, 'b'))
      for (const expected of [0, 1, 3, 7]) {
        expect(await anchor.compareAndSet(expected, row(expected + 1, 'x'))).toBe(false)
        expect(await (await again()).compareAndSet(expected, row(expected + 1, 'x'))).toBe(false)
      }
      expect(await anchor.load()).toEqual(row(2, 'b'))
    })

    it('lets only one of two handles replace a row', async () => {
      const { anchor, again } = await make()
      const other = await again()
      const wins = await Promise.all([anchor.compareAndSet(0, row(1, 'a')), other.compareAndSet(0, row(1, 'b'))])
      expect(wins.filter(Boolean)).toHaveLength(1)
      expect(await other.load()).toEqual(row(1, wins[0] ? 'a' : 'b'))
    })

    it('never shows an older row than it confirmed', async () => {
      const { anchor } = await make()
      let confirmed = 0
      let writing = true
      const reader = (async () => {
        while (writing) {
          const before = confirmed
          expect((await anchor.load())?.version).toBeGreaterThanOrEqual(before)
        }
      })()
      for (let version = 1; version <= 30; version++) {
        await anchor.compareAndSet(version - 1, row(version, `${version}`))
        confirmed = version
      }
      writing = false
      await reader
    })

    it('keeps its row apart from the caller’s buffers', async () => {
      const { anchor } = await make()
      const next = row(1, 'abc')
      await anchor.compareAndSet(0, next)
      next.record.fill(0)
      expect(await anchor.load()).toEqual(row(1, 'abc'))
    })
  })
}
