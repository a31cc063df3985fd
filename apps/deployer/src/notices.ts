import { BD_WALLET } from './config/bd-wallet.ts'
import { CUSTOMER_CONFIG } from './config/customer-config.ts'

export const noSeparation = {
  message:
    'separation of duties is absent: one account holds more than one key share, so one party alone can reach the master key',
  remedy: 'use the layout recommended or four-accounts for anything that matters',
}

export const dueText = (fields: readonly string[]) => ({
  message: `${CUSTOMER_CONFIG} has changed since ${BD_WALLET} was made from it (${fields.join(', ')})`,
  remedy: 'make generate-customer-assets',
})
