const compiled = new Map<string, RegExp>()

/** Wildcards of policies: `*` any run of characters, `?` one character. */

export function matchesPattern(pattern: string, text: string, ignoreCase = false): boolean {
  const key = `${ignoreCase ? 'i' : 's'}${pattern}`
  const known = compiled.get(key)
  if (known) return known.test(text)
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[^]*')
    .replace(/\?/g, '[^]')
  const expression = new RegExp(`^${source}$`, ignoreCase ? 'i' : '')
  compiled.set(key, expression)
  return expression.test(text)
}

/** ARNs match part by part: a wildcard does not reach over the first five colons. */
export function matchesArn(pattern: string, arn: string): boolean {
  const split = (text: string) => {
    const parts = text.split(':')
    return [...parts.slice(0, 5), parts.slice(5).join(':')]
  }
  const wanted = split(pattern)
  const actual = split(arn)
  return wanted.length === 6 && actual.every((part, index) => matchesPattern(wanted[index] ?? '', part))
}
