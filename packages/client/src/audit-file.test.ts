import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { readAuditZip } from './index.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const zip = (log: string): Uint8Array => zipSync({ 'audit.csv': text('Seq\r\n'), 'certified-log.json': text(log) })
const bad = { name: 'AuditFileError', code: 'not-an-audit-file' }

// What a good one holds is tested where it is made: in the wallet.
describe('readAuditZip', () => {
  it.each([
    ['no zip', text('PK no')],
    ['nothing', new Uint8Array(0)],
    ['a zip without the log', zipSync({ 'audit.csv': text('') })],
    ['a log that is no JSON', zip('{')],
    ['a log that is no object', zip('[]')],
    ['a genesis that is no text', zip('{"genesis":1,"entries":[]}')],
    ['a genesis that is none', zip('{"genesis":"AAAA","entries":[]}')],
    ['entries that are no list', zip('{"genesis":"AAAA","entries":{}}')],
  ])('refuses %s', (_what, file) => {
    expect(() => readAuditZip(file)).toThrow(expect.objectContaining(bad))
  })
})
