import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readLayout, writeLayout } from '../../src/delivery/layout.ts'
import { layerOf } from '../../src/delivery/oci.ts'
import { productionClosure } from '../../src/delivery/package-files.ts'
import { type ImageFile, tarOf } from '../../src/delivery/tar.ts'
import { image, utf8 } from './delivered.ts'
import { temporary } from './stage.ts'

describe('an image made from files', () => {
  const files: ImageFile[] = [
    { path: 'b/c.txt', mode: 0o644, contents: utf8('c') },
    { path: 'a', mode: 0o755, contents: utf8('#!') },
    { path: `deep/${'long-name/'.repeat(20)}end.txt`, mode: 0o644, contents: utf8('far') },
    { path: 'link', linkTo: 'b/c.txt' },
    { path: 'tmp', directory: 0o1777 },
  ]

  it('has the same bytes for the same files in any order, and other bytes for others', () => {
    expect(layerOf(files)).toEqual(layerOf(files.toReversed()))
    expect(layerOf(files).diffId).not.toBe(layerOf(files.slice(1)).diffId)
    expect(image('x').digest).toBe(image('x').digest)
    expect(image('x').digest).not.toBe(image('y').digest)
  })

  it('is a tar that tar reads, long names, links and modes included', () => {
    const dir = temporary('images')
    writeFileSync(join(dir, 'layer.tar'), gunzipSync(layerOf(files).blob))
    const listing = execFileSync('tar', ['-tvf', 'layer.tar', '--utc', '--numeric-owner'], { cwd: dir }).toString()
    expect(listing).toMatch(/^-rwxr-xr-x 0\/0 +2 1970-01-01 00:00 a$/m)
    expect(listing).toMatch(/^drwxrwxrwt 0\/0 +0 1970-01-01 00:00 tmp\/$/m)
    expect(listing).toContain('link -> b/c.txt')
    expect(listing).toContain('long-name/end.txt')
    execFileSync('tar', ['-xf', 'layer.tar'], { cwd: dir })
    expect(readFileSync(join(dir, files[2]?.path ?? ''), 'utf8')).toBe('far')
  })

  it('rejects paths that lead out, and two files of one path', () => {
    for (const path of ['../x', '/x', 'a//b', '']) expect(() => tarOf([{ path, linkTo: 'y' }])).toThrow('no path')
    expect(() =>
      tarOf([
        { path: 'x', linkTo: 'y' },
        { path: 'x', linkTo: 'z' },
      ]),
    ).toThrow('twice')
  })

  it('is kept as an OCI layout; an altered blob is refused', () => {
    const dir = temporary('images')
    const made = image('wallet')
    writeLayout(dir, { v1: made })
    expect(readLayout(dir).v1).toEqual({
      ...made,
      manifest: Buffer.from(made.manifest),
      blobs: new Map([...made.blobs].map(([d, b]) => [d, Buffer.from(b)])),
    })
    const [blob = ''] = made.blobs.keys()
    writeFileSync(join(dir, 'blobs/sha256', blob.slice(7)), 'other')
    expect(() => readLayout(dir)).toThrow('was altered')
  })

  it('holds what Node finds in production, and nothing of development', () => {
    const lock = {
      'apps/a': { dependencies: { x: '1', '@own/b': '1' }, devDependencies: { vitest: '1' } },
      'packages/b': { dependencies: { x: '2' }, optionalDependencies: { elsewhere: '1' } },
      'packages/b/node_modules/x': { dependencies: { y: '1' } },
      'node_modules/@own/b': { link: true, resolved: 'packages/b' },
      'node_modules/x': {},
      'node_modules/y': {},
      'node_modules/vitest': {},
    }
    expect(productionClosure(lock, ['apps/a'])).toEqual([
      'apps/a',
      'node_modules/@own/b',
      'node_modules/x',
      'node_modules/y',
      'packages/b',
      'packages/b/node_modules/x',
    ])
    expect(() => productionClosure({ 'apps/a': { dependencies: { gone: '1' } } }, ['apps/a'])).toThrow('has no gone')
  })
})
