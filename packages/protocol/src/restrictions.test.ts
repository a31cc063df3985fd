import { CodecError, decodeJson, encodeJson, parseJson, utf8 } from '@trivault/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { restriction } from '../test/support.ts'
import { name, transactionRestriction, userId } from './index.ts'

const accepts = (text: string) => {
  try {
    decodeJson(transactionRestriction, utf8(text))
    return true
  } catch (error) {
    if (error instanceof CodecError) return false
    throw error
  }
}
const withField = (field: string) => accepts(`{"RestrictionID":"r",${field}}`)

describe('transaction restrictions', () => {
  it('round trip', () => {
    fc.assert(
      fc.property(restriction, value => {
        expect(decodeJson(transactionRestriction, encodeJson(transactionRestriction, value))).toEqual(value)
      }),
    )
  })

  it('accept a present but empty criterion, which is not the same as none', () => {
    expect(decodeJson(transactionRestriction, utf8('{"RestrictionID":"r","ExternalDestination":{}}'))).toEqual({
      RestrictionID: 'r',
      ExternalDestination: {},
    })
    expect(withField('"Symbol":{"Only":[],"Except":[]}')).toBe(true)
  })

  it('reject Only and Except together', () => {
    for (const key of ['Symbol', 'ExternalDestination', 'TransactionFunction'])
      expect(withField(`"${key}":{"Only":["a"],"Except":["b"]}`)).toBe(false)
    expect(withField('"Source":{"Only":[{"MasterKeyName":"a"}],"Except":[{"MasterKeyName":"b"}]}')).toBe(false)
    expect(withField('"Destination":{"Only":[{"Address":"a"}],"Except":[{"Address":"b"}]}')).toBe(false)
  })

  it('reject amounts without currency, with signs, exponents or superfluous zeros', () => {
    expect(withField('"Amount":{"Above":1,"Currency":"USD"}')).toBe(true)
    expect(withField('"Amount":{"Above":0}')).toBe(true)
    for (const above of ['1', '0.5']) expect(withField(`"Amount":{"Above":${above}}`)).toBe(false)
    for (const above of ['-1', '1.50', '1e3', '01', '"1"', 'null', '.5'])
      for (const key of ['Amount', 'Fee']) expect(withField(`"${key}":{"Above":${above},"Currency":"USD"}`)).toBe(false)
  })

  it('reject destinations that are neither an address nor an account, or both', () => {
    const bad = [
      '{}',
      '{"MasterKeyName":"a"}',
      '{"AccountName":"a"}',
      '{"MasterKeyName":"a","Address":"x"}',
      '{"AccountName":"a","Address":"x"}',
      '{"MasterKeyName":"a","AccountName":"b","Address":"x"}',
    ]
    for (const selector of bad) expect(withField(`"Destination":{"Only":[${selector}]}`)).toBe(false)
    expect(withField('"Source":{"Only":[{}]}')).toBe(false)
    expect(withField('"Source":{"Only":[{"AccountName":"a"}]}')).toBe(false)
  })

  it('reject one value that reads like several', () => {
    const reads = (value: string) => [
      withField(`"Symbol":{"Only":["${value}"]}`),
      withField(`"ExternalDestination":{"Except":["${value}"]}`),
      withField(`"Destination":{"Except":[{"Address":"${value}"}]}`),
      withField(`"Amount":{"Above":1,"Currency":"${value}"}`),
      withField(`"Velocity":{"Limit":1,"Currency":"${value}","Per":"vault","WindowSeconds":60}`),
    ]
    expect(reads('ETH')).toEqual([true, true, true, true, true])
    for (const bad of ['ETH or USDC', '0xa, 0xb', 'a\u00a0b', '']) expect(reads(bad)).not.toContain(true)
  })

  it('reject approvers that ask nobody', () => {
    for (const item of [
      '{"Groups":[],"RequiredApprovers":1}',
      '{"Groups":["a"],"RequiredApprovers":0}',
      '{"Groups":["a"],"RequiredApprovers":1.0}',
      '{"Groups":["a"]}',
      '{"RequiredApprovers":1}',
    ])
      expect(withField(`"Approvers":[${item}]`)).toBe(false)
  })

  it('reject unknown fields, other letter case and missing ids', () => {
    expect(withField('"Velocity":1')).toBe(false)
    expect(withField('"amount":{}')).toBe(false)
    for (const text of ['{}', '{"RestrictionID":""}', '{"RestrictionID":" r"}', '{"RestrictionID":7}', 'null', '[]'])
      expect(accepts(text)).toBe(false)
  })
})

describe('names and user ids', () => {
  it('reject what could pass for another one', () => {
    const accepted = (schema: typeof name, value: string) => {
      try {
        return schema.read(parseJson(JSON.stringify(value))) === value
      } catch (error) {
        if (error instanceof CodecError) return false
        throw error
      }
    }
    for (const good of ['a', 'Main key', 'a_b 1 c']) expect(accepted(name, good)).toBe(true)
    for (const bad of ['', ' a', 'a ', 'a  b', 'a\tb', 'a-b', 'é', 'a\u00a0b', 'а', 'a\n', 'x'.repeat(97)])
      expect(accepted(name, bad)).toBe(false)
    for (const good of ['a@b', 'a+b@c.d']) expect(accepted(userId, good)).toBe(true)
    for (const bad of ['', 'a', '@b', 'a@', 'a@b@c', 'a b@c', 'a@b\n', 'a\u00a0@b', `${'x'.repeat(253)}@y`])
      expect(accepted(userId, bad)).toBe(false)
  })
})
