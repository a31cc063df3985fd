import { parseExact, stringifyExact } from '@trivault/api-contract'
import { parseJson } from '@trivault/codec'
import { type TransactionRestriction, transactionRestriction } from '@trivault/protocol'
import { CliError } from './errors.ts'

/**
 * A list of transaction restrictions, as `policy list --json` prints it or a person writes it. Throws `CliError` configuration,
 * naming the restriction.
 */
export function restrictionsIn(text: string, what: string): TransactionRestriction[] {
  let content: unknown
  try {
    content = parseExact(text)
  } catch (cause) {
    throw new CliError('configuration', `${what} is not JSON`, { cause })
  }
  if (!Array.isArray(content)) throw new CliError('configuration', `${what} must hold a JSON list of restrictions`)
  const ids = new Set<string>()
  return content.map((one: unknown, index) => {
    try {
      const read = transactionRestriction.read(parseJson(stringifyExact(one)))
      if (ids.has(read.RestrictionID)) throw new TypeError('its id is there twice')
      ids.add(read.RestrictionID)
      return read
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : 'unreadable'
      throw new CliError('configuration', `${what}: restriction ${index + 1}: ${reason}`, { cause })
    }
  })
}
