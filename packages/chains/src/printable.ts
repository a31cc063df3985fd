// What could hide or reorder text on a screen: controls, format characters, separators other than the space, surrogates.
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]|[^\S ]/gu

/** Text with every character that could mislead a reader replaced by its code point, e.g. `\u{202e}`. */
export function printable(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(hidden, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
