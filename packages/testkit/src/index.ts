export { anchorContract } from './anchor-contract.ts'
export { type Anvil, startAnvil } from './anvil.ts'
export { assemble } from './assembler.ts'
export { erc20CreationCode, type TestToken } from './erc20.ts'
export { type IdpFixture, idpFixtures } from './idp-fixtures.ts'
export {
  type Claims,
  claimsFor,
  issuerKeyOf,
  issuerPins,
  jwkOf,
  makeIssuerKey,
  signToken,
  type TestKey,
} from './issuer.ts'
export { Person } from './person.ts'
export { recordsContract } from './records-contract.ts'
export { RogueWallet } from './rogue-wallet.ts'
export { signingFailureCommand } from './signing-failure.ts'
export { TestVault } from './vault.ts'
export { ersKey, setupCommand, startCommand, testGenesis } from './vault-values.ts'
export { verdictsOf } from './verdicts.ts'
