import type { Records } from '@trivault/node-core'
import { beforeAll, describe, expect, it } from 'vitest'

const bytes = (text: string) => new TextEncoder().encode(text)

/** What every node's database must do. `open` gives one that is empty, and a second handle on the same rows. */
export function recordsContract(
  name: string,
  open: () => Promise<{ records: Records; again: () => Promise<Records> }>,
): void {
  describe(`${name}: records contract`, () => {
    let records: Records
    let again: () => Promise<Records>
    beforeAll(async () => {
      ;({ records, again } = await open())
    })
    const keysFrom = async (table: string, from: string, limit: number) =>
      (await records.range(table, from, limit)).map(row => row.key)

    it('gives back what was put, to itself and to the next process', async () => {
      const value = Uint8Array.from({ length: 256 }, (_, i) => i)
      await records.put([{ table: 'a', key: 'k', value }])
      expect(new Uint8Array((await records.get('a', 'k')) ?? [])).toEqual(value)
      expect(new Uint8Array((await (await again()).get('a', 'k')) ?? [])).toEqual(value)
    })

    it('knows no row that was not put', async () => {
      expect(await records.get('a', 'other')).toBeUndefined()
      expect(await records.get('b', 'k')).toBeUndefined()
      expect(await records.range('nothing', '', 10)).toEqual([])
    })

    it('answers many questions at once, each with its own row or none', async () => {
      const names = Array.from({ length: 40 }, (_, i) => `${i}`)
      await records.put(names.filter((_, i) => i % 3 > 0).map(key => ({ table: 'asked', key, value: bytes(key) })))
      const asked = [...names, ...names.toReversed(), '']
      const answers = await Promise.all(asked.map(key => records.get('asked', key)))
      const expected = asked.map(key => (key !== '' && Number(key) % 3 > 0 ? key : undefined))
      expect(answers.map(value => value && Buffer.from(value).toString())).toEqual(expected)
    })

    it('tells an empty value from none', async () => {
      await records.put([{ table: 'a', key: 'empty', value: new Uint8Array(0) }])
      expect(await records.get('a', 'empty')).toHaveLength(0)
    })

    it('replaces, and the last of several in one call counts', async () => {
      await records.put([{ table: 'a', key: 'r', value: bytes('1') }])
      await records.put([
        { table: 'a', key: 'r', value: bytes('2') },
        { table: 'a', key: 'r', value: bytes('3') },
      ])
      expect(Buffer.from((await records.get('a', 'r')) ?? []).toString()).toBe('3')
    })

    it('orders keys by bytes, not by a language', async () => {
      const keys = ['a', 'B', 'b', 'A', '_', '-', '10', '9', 'a/b', 'a b', 'ab', '~', '!']
      await records.put(keys.map(key => ({ table: 'order', key, value: bytes(key) })))
      const sorted = [...keys].sort((x, y) => (x < y ? -1 : 1))
      expect(await keysFrom('order', '', 100)).toEqual(sorted)
      expect(await keysFrom('order', '9', 100)).toEqual(sorted.slice(sorted.indexOf('9')))
      expect(await keysFrom('order', '9 ', 3)).toEqual(sorted.slice(sorted.indexOf('9') + 1).slice(0, 3))
    })

    it('gives exactly as many rows as there are within the limit', async () => {
      const key = (i: number) => i.toString().padStart(4, '0')
      await records.put(Array.from({ length: 300 }, (_, i) => ({ table: 'many', key: key(i), value: bytes(key(i)) })))
      for (const limit of [1, 2, 299, 300, 301, 5000]) {
        const rows = await records.range('many', '', limit)
        expect(rows).toHaveLength(Math.min(limit, 300))
        rows.forEach((row, i) => {
          expect([row.table, row.key, Buffer.from(row.value).toString()]).toEqual(['many', key(i), key(i)])
        })
      }
      expect(await records.range('many', '', 0)).toEqual([])
      expect(await records.range('many', '9', 10)).toEqual([])
    })

    it('carries rows of megabytes, and a range far larger than one message', async () => {
      const value = new Uint8Array(3 * 1024 * 1024).fill(5)
      for (let i = 0; i < 5; i++) await records.put([{ table: 'large', key: `${i}`, value }])
      const rows = await records.range('large', '', 10)
      expect(rows.map(row => [row.key, row.value.length, row.value[7]])).toEqual(
        Array.from({ length: 5 }, (_, i) => [`${i}`, value.length, 5]),
      )
    })

    it('removes what it is told and nothing else', async () => {
      await records.put(['x', 'y', 'z'].map(key => ({ table: 'gone', key, value: bytes(key) })))
      await records.remove('gone', ['x', 'z', 'never there'])
      await records.remove('gone', [])
      expect(await keysFrom('gone', '', 10)).toEqual(['y'])
      expect(await records.get('gone', 'x')).toBeUndefined()
    })

    it('keeps the order of writes that were not waited for', async () => {
      const writes = Array.from({ length: 50 }, (_, i) =>
        i % 7 === 3
          ? records.remove('race', ['k'])
          : records.put([
              { table: 'race', key: 'k', value: bytes(`${i}`) },
              { table: 'race', key: `${i}`, value: bytes(`${i}`) },
            ]),
      )
      await Promise.all(writes)
      expect(Buffer.from((await records.get('race', 'k')) ?? []).toString()).toBe('49')
      expect(await records.range('race', '', 100)).toHaveLength(44)
    })

    it('keeps its rows apart from the caller’s buffers', async () => {
      const value = bytes('abc')
      await records.put([{ table: 'a', key: 'copy', value }])
      value.fill(0)
      expect(Buffer.from((await records.get('a', 'copy')) ?? []).toString()).toBe('abc')
    })
  })
}
