import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendControl, serveControl } from './control.ts'
import { keptFile, writePrivate } from './files.ts'
import { checkHome, isAbsentHome, openHome, wipeHome } from './home.ts'
import { lockHome, lockOwner } from './lock.ts'

let root: string
const fresh = (name: string) => join(root, name)

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'trivault-home-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a home', () => {
  it('is private and keeps its deployment id', () => {
    const home = openHome(fresh('a'))
    expect(statSync(home.dir).mode & 0o777).toBe(0o700)
    expect(statSync(home.path('vault.json')).mode & 0o777).toBe(0o600)
    expect(openHome(fresh('a')).deploymentId).toBe(home.deploymentId)
    expect(openHome(fresh('b')).deploymentId).not.toBe(home.deploymentId)
  })

  it('rejects a directory with other files, a file, and a path that breaks configuration files', () => {
    const foreign = mkdtempSync(join(root, 'foreign-'))
    writeFileSync(join(foreign, 'letter.txt'), 'dear')
    expect(() => openHome(foreign)).toThrow(/not the home of a vault/)
    expect(() => openHome(join(foreign, 'letter.txt'))).toThrow(/no home can be made/)
    expect(() => openHome(fresh('quo"te'))).toThrow(/quotes/)
    expect(readdirSync(foreign)).toEqual(['letter.txt'])
  })

  it('rejects wiping anything but a home', () => {
    const foreign = mkdtempSync(join(root, 'foreign-'))
    writeFileSync(join(foreign, 'letter.txt'), 'dear')
    expect(() => wipeHome(foreign)).toThrow(/not the home of a vault/)
    expect(() => checkHome(foreign)).toThrow(/not the home of a vault/)
    writeFileSync(join(foreign, 'vault.json'), '{"format":1}')
    expect(() => wipeHome(foreign)).toThrow(/not the home of a vault/)
    expect(existsSync(join(foreign, 'letter.txt'))).toBe(true)
  })

  it('is empty after a wipe', () => {
    const home = openHome(fresh('c'))
    writePrivate(home.path('deep', 'file'), 'x')
    wipeHome(home.dir)
    expect(isAbsentHome(home.dir)).toBe(true)
  })
})

describe('private files', () => {
  it('are 0600, replaced as a whole, and kept when made once', () => {
    const file = fresh('secret')
    expect(keptFile(file, () => 'first')).toBe('first')
    expect(keptFile(file, () => 'second')).toBe('first')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writePrivate(file, 'third')
    expect(keptFile(file, () => 'second')).toBe('third')
    expect(readdirSync(root).filter(name => name.startsWith('secret.'))).toEqual([])
  })
})

describe('the lock of a home', () => {
  it('rejects a second supervisor while the first lives, and nobody else', async () => {
    const home = openHome(fresh('locked'))
    const release = await lockHome(home)
    expect(lockOwner(home)).toBe(process.pid)
    await expect(lockHome(home)).rejects.toMatchObject({ code: 'home-in-use' })
    release()
    expect(lockOwner(home)).toBeUndefined()
    const again = await lockHome(home)
    again()
  })

  it('of a dead process, or of a process whose number was taken over, does not count', async () => {
    const home = openHome(fresh('stale'))
    for (const owner of [{ pid: 2 ** 22 + 1, startTime: '1' }, { pid: process.pid, startTime: '1' }, 'garbage']) {
      writePrivate(home.path('supervisor.json'), JSON.stringify(owner))
      expect(lockOwner(home)).toBeUndefined()
      const release = await lockHome(home)
      release()
    }
  })
})

describe('the control socket', () => {
  const said: string[] = []
  const say = (line: string) => void said.push(line)

  it('is private, passes lines on and reports failures, also below a very long path', async () => {
    for (const home of [openHome(fresh('short')), openHome(join(root, 'long'.repeat(20), 'long'.repeat(20)))]) {
      said.length = 0
      const close = await serveControl(home, async (command, tell) => {
        if (command === 'stop') throw new Error('not today')
        tell(`did ${command}`)
      })
      expect(statSync(home.path('control.sock')).mode & 0o777).toBe(0o600)
      expect(await sendControl(home, 'up', say)).toBe(true)
      expect(said).toEqual(['did up'])
      await expect(sendControl(home, 'stop', say)).rejects.toThrow('not today')
      await expect(sendControl(home, 'dance' as 'up', say)).rejects.toThrow(/unknown command/)
      close()
      expect(await sendControl(home, 'up', say)).toBe(false)
    }
  })

  it('replaces the file that a killed supervisor left', async () => {
    const home = openHome(fresh('left'))
    writeFileSync(home.path('control.sock'), '')
    expect(await sendControl(home, 'up', say)).toBe(false)
    const close = await serveControl(home, async () => undefined)
    expect(await sendControl(home, 'status', say)).toBe(true)
    close()
  })
})
