import { CodecError } from './errors.ts'

/**
 * Refuses JSON text in which an object names a key twice: parsers do not agree which one counts. The text must have been parsed
 * before; other text may pass. Throws `CodecError` bad-json.
 */
export function requireUniqueKeys(text: string): void {
  /** Keys of the objects that are open; undefined for an array. */
  const open: (Set<string> | undefined)[] = []
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{') open.push(new Set())
    else if (char === '[') open.push(undefined)
    else if (char === '}' || char === ']') open.pop()
    else if (char === '"') {
      const end = endOfString(text, i)
      if (isKey(text, end)) addKey(open, text.slice(i, end + 1))
      i = end
    }
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

/** Is the next sign behind the string a colon, however far? */
function isKey(text: string, end: number): boolean {
  let at = end + 1
  while (' \t\n\r'.includes(text[at] ?? '.')) at++
  return text[at] === ':'
}

function addKey(open: readonly (Set<string> | undefined)[], literal: string): void {
  const keys = open.at(-1)
  const name = JSON.parse(literal) as string
  if (keys?.has(name)) throw new CodecError('bad-json', 'a key is there twice')
  keys?.add(name)
}
