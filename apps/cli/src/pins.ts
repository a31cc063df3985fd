import { join } from 'node:path'
import { fromHex, parseJson, toHex } from '@trivault/codec'
import { type Genesis, genesisJson } from '@trivault/protocol'
import { type GlobalOptions, homeOf, readEndpoints } from './connection.ts'
import { CliError } from './errors.ts'
import { readText, readTextIfThere } from './files.ts'

/**
 * The vault's pins, from which its name and its nodes' keys follow: `--pins`, or those in the home of a local vault. They must
 * have come on a way that the wallet does not control. Throws `CliError`.
 */
export function readPins(options: GlobalOptions): Genesis {
  if (options.pins !== undefined) return parsePins(readText(options.pins), options.pins)
  if (options.api !== undefined)
    throw new CliError('usage', 'give --pins: the pins.json of a node admin, so that the wallet need not be believed')
  const home = homeOf(options)
  const endpoints = readEndpoints(home)
  const path = join(home, 'wallet', 'pins.json')
  const text = readTextIfThere(path)
  if (text === undefined) throw new CliError('configuration', `${path} is missing: give --pins`)
  const genesis = parsePins(text, path)
  for (const { index, identityKey } of endpoints.nodes) {
    const pinned = genesis.identityKeys[index]
    if (identityKey !== null && (pinned === undefined || toHex(pinned) !== identityKey))
      throw new CliError('untrusted', `node ${index} runs with another identity key than the pinned one`)
  }
  return genesis
}

export function parsePins(text: string, what: string): Genesis {
  try {
    return genesisJson.read(parseJson(text))
  } catch (cause) {
    throw new CliError('configuration', `${what} is not a pins file`, { cause })
  }
}

/** Three identity keys as `hex,hex,hex`, in node order. Throws `CliError` usage. */
export function parseKeys(text: string): Uint8Array[] {
  const keys = text.split(',').map(key => key.trim())
  if (keys.length !== 3 || keys.some(key => !/^[0-9a-fA-F]{64}$/.test(key)))
    throw new CliError(
      'usage',
      '--keys takes the identity keys of nodes 0, 1 and 2: three times 64 hex digits, by commas',
    )
  return keys.map(fromHex)
}
