import { registerHooks } from 'node:module'
import { canaries } from './canaries.ts'

// Loaded before the run (`--import`): puts the bug that TRIVAULT_CANARY names into this process, and into no other.

const canary = canaries[process.env.TRIVAULT_CANARY ?? '']
if (canary === undefined) throw new RangeError(`no canary is called ${process.env.TRIVAULT_CANARY}`)
const { file, find, replace } = canary

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(`/${file}`)) return loaded
    const source = Buffer.from(loaded.source as Uint8Array).toString('utf8')
    const parts = source.split(find)
    if (parts.length !== 2) throw new RangeError(`"${find}" must stand once in ${file}, not ${parts.length - 1} times`)
    return { ...loaded, source: parts.join(replace) }
  },
})
