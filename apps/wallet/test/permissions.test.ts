import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { permissionsPage } from './permissions.ts'

describe('docs/permissions.md', () => {
  it('says what the code does; otherwise: node apps/wallet/test/permissions.ts', () => {
    expect(readFileSync(new URL('../../../docs/permissions.md', import.meta.url), 'utf8')).toBe(permissionsPage())
  })
})
