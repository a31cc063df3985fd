import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { require, VaultError, type VaultErrorCode, vaultErrors } from './index.ts'

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
const rows = page
  .split('\n')
  .filter(line => /^\| M/.test(line))
  .map(line => line.split('|').map(cell => cell.trim()))

describe('error codes', () => {
  it('are the ones that docs/errors.md explains, in the same order', () => {
    expect(rows.map(([, code, name]) => [name, code])).toEqual(Object.entries(vaultErrors))
  })

  it('have a meaning and a remedy on that page', () => {
    for (const row of rows) {
      expect(row).toHaveLength(6)
      expect(row[3]).toMatch(/\w{3}/)
      expect(row[4]).toMatch(/\w{3}/)
    }
  })

  it('are distinct and well-formed', () => {
    const codes = Object.values(vaultErrors)
    expect(new Set(codes).size).toBe(codes.length)
    for (const code of codes) expect(code).toMatch(/^M\d{4}$/)
  })

  it('keep those that the public API shows', () => {
    expect(vaultErrors['internal-error']).toBe('M0001')
    expect(vaultErrors['blocked-by-policy']).toBe('M0025')
  })
})

describe('VaultError', () => {
  it('carries its code, its M-code and its cause', () => {
    const cause = new Error('inner')
    const error = new VaultError('no-rate', 'no rate for ETH', { cause })
    expect(error).toMatchObject({
      name: 'VaultError',
      code: 'no-rate',
      mCode: 'M0172',
      message: 'no rate for ETH',
      cause,
    })
    for (const code of Object.keys(vaultErrors) as VaultErrorCode[])
      expect(new VaultError(code, '').mCode).toBe(vaultErrors[code])
  })

  it('is thrown where a condition does not hold, and only there', () => {
    expect(() => require(true, 'malformed', 'x')).not.toThrow()
    expect(() => require(false, 'malformed', 'x')).toThrow(expect.objectContaining({ code: 'malformed', message: 'x' }))
  })
})
