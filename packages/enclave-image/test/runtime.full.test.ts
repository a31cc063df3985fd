import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { type AppFile, buildEif, collectPolicyNode, measureEif } from '../src/index.ts'
import { input, signing } from './sample.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const collect = (): Promise<AppFile[]> => collectPolicyNode({ root, node: process.execPath })
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

it('a whole Policy Node with its runtime comes out the same twice, and one bit of Node.js changes PCR0 and PCR2', async () => {
  const files = await collect()
  const first = buildEif({ ...input, appFiles: files })
  const again = buildEif({ ...input, appFiles: await collect() })
  expect(digestOf(again.bytes)).toBe(digestOf(first.bytes))
  expect(measureEif(first.bytes)).toEqual(first.pcrs)
  expect(buildEif({ ...input, appFiles: files, signing }).pcrs).toMatchObject(first.pcrs)
  const node = files.find(({ path }) => path === 'rootfs/bin/node')
  if (node === undefined || !('contents' in node)) throw new Error('no runtime')
  const middle = node.contents.length >> 1
  node.contents[middle] = (node.contents[middle] ?? 0) ^ 1
  const { pcrs } = buildEif({ ...input, appFiles: files })
  expect([pcrs.pcr0 === first.pcrs.pcr0, pcrs.pcr1 === first.pcrs.pcr1, pcrs.pcr2 === first.pcrs.pcr2]).toEqual([
    ...[false, true, false],
  ])
}, 300_000)
