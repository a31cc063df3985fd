import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PersistentMap } from './persistent-map.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const step = fc.record({
  /** Which of the versions so far the step starts from, as a fraction of them. */
  base: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  key,
  value: fc.option(fc.nat(99), { nil: undefined }),
})

describe('PersistentMap', () => {
  it('behaves like a copied Map, whatever version is read or changed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(fc.nat(1000), { maxLength: 60 }), (steps, reads) => {
        const versions = [{ map: PersistentMap.empty<number>(), model: new Map<string, number>() }]
        for (const { base, key, value } of steps) {
          const from = versions[Math.floor(base * versions.length)]
          if (from === undefined) throw new Error('no version')
          const model = new Map(from.model)
          if (value === undefined) model.delete(key)
          else model.set(key, value)
          versions.push({ map: value === undefined ? from.map.delete(key) : from.map.set(key, value), model })
        }
        for (const read of [...reads, ...versions.keys()]) {
          const { map, model } = versions[read % versions.length] ?? versions[0] ?? { map: undefined, model: undefined }
          expect(map?.size).toBe(model?.size)
          expect(map?.keys().sort()).toEqual([...(model?.keys() ?? [])].sort())
          expect(map?.values().sort()).toEqual([...(model?.values() ?? [])].sort())
          for (const name of 'abcdef') {
            expect(map?.get(name)).toBe(model?.get(name))
            expect(map?.has(name)).toBe(model?.has(name))
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('gives back itself when nothing is deleted', () => {
    const map = PersistentMap.empty<number>().set('a', 1)
    expect(map.delete('b')).toBe(map)
  })

  it('keeps an old version through many changes of a newer one', () => {
    const old = PersistentMap.empty<number>().set('a', 1)
    let current = old
    for (let i = 0; i < 20_000; i++) current = current.set(`k${i}`, i).delete(`k${i - 1}`)
    expect(current.keys()).toEqual(['a', 'k19999'])
    expect(old.keys()).toEqual(['a'])
    expect(current.get('k19999')).toBe(19_999)
  })
})
