import { describe, expect, it } from 'vitest'
import { bucketPolicy, parseDeliveryList, repositoryPolicy } from '../../src/delivery/delivery-list.ts'

const list = `# customers
111111111111 Acme, wallet
222222222222  # Acme, node 1
`

describe('the delivery list', () => {
  it('lets the listed accounts pull, and nobody else', () => {
    const accounts = parseDeliveryList(list, 'delivery-list.txt')
    expect(accounts).toEqual(['111111111111', '222222222222'])
    const allowed = [...(repositoryPolicy(accounts)?.Statement ?? []), ...bucketPolicy('b', accounts).Statement].filter(
      ({ Effect }) => Effect === 'Allow',
    )
    expect(allowed).toHaveLength(3)
    for (const { Principal, Action } of allowed) {
      expect(Principal).toEqual({ AWS: ['arn:aws:iam::111111111111:root', 'arn:aws:iam::222222222222:root'] })
      expect(Action.join()).not.toMatch(/\*|Put|Delete|Upload|Initiate/)
    }
  })

  it('allows nobody anything while it is empty', () => {
    expect(repositoryPolicy([])).toBeUndefined()
    expect(bucketPolicy('b', []).Statement.map(({ Effect }) => Effect)).toEqual(['Deny'])
  })

  it.each([
    ['eleven digits', '11111111111', 'delivery-list.txt', 1],
    ['a role', '\narn:aws:iam::111111111111:root', 'delivery-list.txt', 2],
    ['everybody', '# all\n\n*', 'delivery-list.txt', 3],
  ])('rejects %s, with its line', (_what, text, file, line) => {
    expect(() => parseDeliveryList(text, file)).toThrow(
      expect.objectContaining({ code: 'bad-config', place: { file, line } }),
    )
  })

  it('rejects an account that is listed twice', () => {
    expect(() => parseDeliveryList('111111111111\n111111111111', 'x')).toThrow('listed twice')
  })
})
