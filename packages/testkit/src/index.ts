export { type Anvil, startAnvil } from './anvil.ts'
export { assemble } from './assembler.ts'
export { erc20CreationCode, type TestToken } from './erc20.ts'
