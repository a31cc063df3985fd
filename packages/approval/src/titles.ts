import type { FunctionName, Intent } from '@trivault/protocol'

const signings: Readonly<Record<FunctionName, string>> = {
  transfer: 'Send',
  'token transfer': 'Send',
  'contract call': 'Call a contract with',
  deploy: 'Create a contract with',
  'personal sign': 'Sign a message',
  'typed data': 'Sign typed data',
  'raw digest': 'Sign a raw digest',
}

/** A signature in few words: "Send 0.25 ETH". `moved`: amounts with their symbols. */
export function titleOfSigning(name: FunctionName, moved: readonly string[]): string {
  return moved.length === 0 ? signings[name].replace(/ with$/, '') : `${signings[name]} ${moved.join(' + ')}`
}

/** A change of the vault in few words; the lines say everything. */
export function titleOfChange(intent: Intent): string {
  switch (intent.OperationType) {
    case 'set user public key':
      return `New device key for ${intent.UserID}`
    case 'reset user':
      return `Revoke the device key of ${intent.UserID}`
    case 'register user':
      return `Register ${intent.UserName}`
    case 'delete user':
      return `Delete ${intent.UserName}`
    case 'update group':
      return `Change the group "${intent.Group}"`
    case 'rename group':
      return `Rename the group "${intent.OldName}"`
    case 'update transaction restriction':
      return restriction(intent, 'restriction')
    case 'update config restriction':
      return restriction(intent, 'configuration restriction')
    case 'update policy restriction':
      return restriction(intent, 'policy restriction')
    case 'create master key':
    case 'refresh master key':
    case 'backup master key':
    case 'create account':
      return `${capital(intent.OperationType)} "${intent.Name}"`
    case 'update settings':
      return "Change the vault's settings"
    case 'seal':
      return 'Seal the vault'
    case 'unfreeze':
      return 'End the freeze'
    case 'found again':
      return 'Found the vault anew'
    default:
      return capital(intent.OperationType)
  }
}

type Named = { readonly RestrictionID: string }

function restriction({ Add, Delete }: { Add?: Named | undefined; Delete?: Named | undefined }, what: string): string {
  if (Add === undefined) return `Remove the ${what} "${Delete?.RestrictionID}"`
  return `${Delete === undefined ? 'New' : 'Change the'} ${what} "${Add.RestrictionID}"`
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
