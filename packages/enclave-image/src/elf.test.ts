import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { elfLinks, runtimeFiles } from './elf.ts'

const program = new Uint8Array(readFileSync('/bin/sh'))

describe('an ELF program', () => {
  it('names the libraries and the loader that readelf finds', () => {
    const dynamic = execFileSync('ldd', ['/bin/sh']).toString()
    const { interpreter, needed } = elfLinks(program)
    expect(dynamic).toContain(interpreter)
    expect(needed.length).toBeGreaterThan(0)
    for (const name of needed) expect(dynamic).toContain(name)
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['a text', new TextEncoder().encode('#!/bin/sh\n'.repeat(20))],
    ['a 32-bit file', program.with(4, 1)],
    ['a big-endian file', program.with(5, 2)],
    ['a file cut after its headers', program.slice(0, 64)],
  ])('is not %s', (_what, bytes) => {
    expect(() => elfLinks(bytes)).toThrow(RangeError)
  })
})

describe('a root directory with programs', () => {
  it('has every library once, the same each time', () => {
    const files = runtimeFiles([
      { binary: '/bin/sh', path: 'bin/sh' },
      { binary: '/bin/sh', path: 'bin/again' },
    ])
    const paths = files.map(({ path }) => path)
    expect(new Set(paths).size).toBe(paths.length)
    expect(paths).toEqual(expect.arrayContaining(['bin/sh', 'bin/again', expect.stringMatching(/libc\.so\.6$/)]))
    expect(paths).toEqual(paths.toSorted())
  })

  it('is refused while a library is missing', () => {
    const root = mkdtempSync(join(tmpdir(), 'trivault-root-'))
    expect(() => runtimeFiles([{ binary: '/bin/sh', path: 'bin/sh' }], root)).toThrow()
    const loader = elfLinks(program).interpreter ?? ''
    mkdirSync(join(root, loader, '..'), { recursive: true })
    writeFileSync(join(root, loader), readFileSync(loader))
    expect(() => runtimeFiles([{ binary: '/bin/sh', path: 'bin/sh' }], root)).toThrow(
      /needs libc\.so\.6, which is in none of/,
    )
  })
})
