/** One check taken out of the product: `find`, which must stand exactly once in `file`, becomes `replace` while the nodes load it. */
export interface Canary {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Ten bugs as somebody could write them. None of them is in the product: `with-canary.ts` puts one into a process of its own. */
export const canaries: Readonly<Record<string, Canary>> = {
  'the device signature is not verified': {
    file: 'packages/vault-state/src/operations.ts',
    find: `require(verify(`,
    replace: `require(user !== '' || verify(`,
  },
  'a replaced device goes on counting': {
    file: 'packages/vault-state/src/needs.ts',
    find: `.filter(approval => activeKeyOf(state, approval.user)?.id === approval.keyId)`,
    replace: `.filter(approval => approval.keyId !== '')`,
  },
  'loosening helps what is pending': {
    file: 'packages/vault-state/src/needs.ts',
    find: `mergeRequirements(operation.needsAtStart, now.requirements)`,
    replace: `mergeRequirements([], now.requirements)`,
  },
  'tightening does not touch what is pending': {
    file: 'packages/vault-state/src/needs.ts',
    find: `mergeRequirements(operation.needsAtStart, now.requirements)`,
    replace: `mergeRequirements(operation.needsAtStart, [])`,
  },
  'one approval too few is enough': {
    file: 'packages/policy/src/requirements.ts',
    find: `new Set(counting.map(({ user }) => user.toLowerCase())).size >= count`,
    replace: `new Set(counting.map(({ user }) => user.toLowerCase())).size + 1 >= count`,
  },
  'the amount is not compared': {
    file: 'packages/chains/src/evm/request.ts',
    find: `if (effects.value !== wanted.value)`,
    replace: `if (effects.value < wanted.value)`,
  },
  'the fee ceiling is not compared': {
    file: 'packages/chains/src/evm/request.ts',
    find: `if (effects.maxFeePerGas > request.maxFeePerGas)`,
    replace: `if (effects.maxFeePerGas < 0n)`,
  },
  'a variant may take another nonce': {
    file: 'packages/chains/src/evm/request.ts',
    find: `if (slot !== undefined && effects.slot !== slot)`,
    replace: `if (slot !== undefined && effects.slot === '')`,
  },
  'another chain id is accepted': {
    file: 'packages/chains/src/evm/effects.ts',
    find: `if (\`eip155:\${tx.chainId}\` !== chain.caip2)`,
    replace: `if (tx.chainId === 0)`,
  },
  'an intent need not be canonical': {
    file: 'packages/codec/src/json.ts',
    find: `if (schema.write(value) !== text) throw`,
    replace: `if (text === '') throw`,
  },
  'the time of an entry is not checked': {
    file: 'packages/ledger/src/voter.ts',
    find: `if (early > MAX_SKEW)`,
    replace: `if (early > 1000 * MAX_SKEW)`,
  },
  'what two nodes named is not kept': {
    file: 'packages/ledger/src/ballot.ts',
    find: `named.some((other, j) => i < j && equalBytes(hash, other))`,
    replace: `named.some((other, j) => i < j && other.length === 0 && hash.length === 0)`,
  },
}
