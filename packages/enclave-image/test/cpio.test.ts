import { concat, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { type AppFile, readCpio, writeCpio } from '../src/index.ts'
import { appFiles, codeOf } from './sample.ts'

const file = (path: string, mode: 0o644 | 0o755 = 0o644): AppFile => ({ path, mode, contents: utf8(path) })

describe('the archive', () => {
  it('is newc to the byte', () => {
    const header = (fields: string): string => `070701${fields}`
    const zero = '00000000'
    const text = [
      header(`00000001000081a4${zero}${zero}00000001${zero}00000002${zero.repeat(4)}00000002${zero}`),
      'a\0',
      'hi\0\0',
      header(`${zero.repeat(4)}00000001${zero.repeat(6)}0000000b${zero}`),
      'TRAILER!!!\0\0\0\0',
    ].join('')
    const archive = writeCpio([{ path: 'a', mode: 0o644, contents: utf8('hi') }])
    expect(archive.length).toBe(512)
    expect(new TextDecoder().decode(archive)).toBe(text.padEnd(512, '\0'))
  })

  it('does not depend on the order of its input, and brings its directories', () => {
    const archive = writeCpio(appFiles)
    expect(writeCpio(appFiles.toReversed())).toEqual(archive)
    expect(readCpio(archive).map(({ path }) => path)).toEqual([
      ...['cmd', 'rootfs', 'rootfs/app', 'rootfs/app/current', 'rootfs/bin', 'rootfs/bin/node', 'rootfs/proc'],
    ])
    expect(readCpio(archive)).toEqual(expect.arrayContaining([...appFiles]))
  })

  it('changes with every content, mode, link and name', () => {
    const archives = [
      [file('a')],
      [file('b')],
      [file('a', 0o755)],
      [{ path: 'a', linkTo: 'a' }],
      [{ path: 'a', linkTo: 'b' }],
      [{ path: 'a', directory: true }],
      [],
    ].map(files => Buffer.from(writeCpio(files as AppFile[])).toString('latin1'))
    expect(new Set(archives).size).toBe(archives.length)
  })

  it.each([
    ['an absolute path', [file('/etc/passwd')]],
    ['a way out', [file('a/../../b')]],
    ['a dot', [file('./a')]],
    ['an empty name', [file('')]],
    ['an empty part', [file('a//b')]],
    ['a directory’s slash', [file('a/')]],
    ['a zero byte', [file('a\0b')]],
    ['a line break', [file('a\nb')]],
    ['the name that ends an archive', [file('TRAILER!!!')]],
    ['a name of 2,000 bytes', [file('x'.repeat(2000))]],
    ['a file twice', [file('a'), file('a', 0o755)]],
    ['a file in a file', [file('a'), file('a/b')]],
    ['a file in a link', [{ path: 'a', linkTo: 'b' }, file('a/c')]],
    ['a link to nowhere', [{ path: 'a', linkTo: '' }]],
    ['a setuid program', [{ path: 'a', mode: 0o4755, contents: utf8('') } as unknown as AppFile]],
  ])('has no place for %s', (_what, files) => {
    expect(codeOf(() => writeCpio(files as AppFile[]))).toBe('app-file')
  })

  const archive = writeCpio(appFiles)
  const text = Buffer.from(archive).toString('latin1')
  const replaced = (from: string, to: string): Uint8Array => {
    expect(text).toContain(from)
    return new Uint8Array(Buffer.from(text.replace(from, to), 'latin1'))
  }
  it.each([
    ['nothing', new Uint8Array()],
    ['half of one', archive.slice(0, 200)],
    ['no trailer', archive.slice(0, text.indexOf('070701', text.indexOf('rootfs/proc')))],
    ['another format', replaced('070701', '070702')],
    ['digits in capitals', replaced('000081a4', '000081A4')],
    [
      'a time',
      replaced('00000001000081a400000000000000000000000100000000', '00000001000081a400000000000000000000000100000001'),
    ],
    ['an owner', replaced('00000001000081a400000000', '00000001000081a400000001')],
    ['a device', replaced('000081a4', '000061a4')],
    ['a name that is longer than the archive', replaced('00000004', '7fffffff')],
    ['a file that is longer than the archive', replaced('0000000a', 'ffffffff')],
    ['names out of order', replaced('rootfs/bin\0', 'rootfs/zin\0')],
    ['padding that is not zero', concat(archive.slice(0, -1), Uint8Array.of(1))],
    ['padding beyond a block', concat(archive, new Uint8Array(512))],
    ['no padding', archive.slice(0, text.indexOf('TRAILER') + 14)],
  ])('is not read with %s', (_what, bytes) => {
    expect(codeOf(() => readCpio(bytes))).toBe('app-file')
  })
})
