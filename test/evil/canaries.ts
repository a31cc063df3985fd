/** One check taken out of the product: `find`, which must stand exactly once in `file`, becomes `replace` while the nodes load it. */
export interface Canary {
  readonly file: string
  readonly find: string
  readonly replace: string
  /** `local` unless another is named. */
  readonly profile?: 'enclave'
}

/** Bugs as somebody could write them. None of them is in the product: `with-canary.ts` puts one into a process of its own. */
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
  'a deleted user keeps the device': {
    file: 'packages/vault-state/src/people.ts',
    find: `...withoutKey(state, { ...user, deleted: true }, time), groups`,
    replace: `...state, users: state.users.set(key, { ...user, deleted: true }), groups`,
  },
  'a renamed group leaves what is pending behind': {
    file: 'packages/vault-state/src/people.ts',
    find: `need.groups.map(rename)`,
    replace: `need.groups.map(group => group)`,
  },
  'policy restrictions do not govern': {
    file: 'packages/policy/src/decide.ts',
    find: `view.configRestrictions : view.policyRestrictions`,
    replace: `view.configRestrictions : []`,
  },
  'what was spent is forgotten': {
    file: 'packages/vault-state/src/operations.ts',
    find: `isFirst ? spendVelocity(state, intent, at.time) : state`,
    replace: `isFirst && at.time < 0 ? spendVelocity(state, intent, at.time) : state`,
  },
  'a freeze stops nothing': {
    file: 'packages/vault-state/src/freeze.ts',
    find: `if (freeze !== undefined)`,
    replace: `if (freeze?.by === '')`,
  },
  'a hold counts twice': {
    file: 'packages/vault-state/src/holds.ts',
    find: `require(counter > last,`,
    replace: `require(counter >= last,`,
  },
  'a loosening acts at once': {
    file: 'packages/vault-state/src/settings.ts',
    find: `looseningDelay > 0 && classOf`,
    replace: `looseningDelay < 0 && classOf`,
  },
  'a raised limit is taken for a tightening': {
    file: 'packages/vault-state/src/settings.ts',
    find: `return units(after) <= units(before)`,
    replace: `return units(after) !== units(before)`,
  },
  'the own approval counts without self-approval': {
    file: 'packages/policy/src/requirements.ts',
    find: `return !isUser(requirement.notBy) && groups`,
    replace: `return groups`,
  },
  'a weak key stands in for an owner': {
    file: 'packages/policy/src/requirements.ts',
    find: `if (weak === true && requirement.byRestriction !== true)`,
    replace: `if (weak === true && requirement.groups.length === 0)`,
    profile: 'enclave',
  },
  'money in an enclave needs no owner quorum': {
    file: 'packages/policy/src/decide.ts',
    find: `if (view.moneyDefault !== 'initiator')`,
    replace: `if (view.moneyDefault === undefined)`,
    profile: 'enclave',
  },
}
