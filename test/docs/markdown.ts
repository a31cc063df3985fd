import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface Page {
  /** Relative to the project. */
  name: string
  dir: string
  text: string
}

const skipped = new Set(['node_modules', 'coverage', 'reports'])

/** Every Markdown file of the project. */
export function pages(dir = root): Page[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap(entry => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return skipped.has(entry.name) || entry.name.startsWith('.') ? [] : pages(path)
    if (!entry.name.endsWith('.md')) return []
    return [{ name: relative(root, path), dir: dirname(path), text: readFileSync(path, 'utf8') }]
  })
}

const fence = /^```(\w*)\n([\s\S]*?)^```/gm

/** Commands in fenced shell blocks, one per line, without prompts and comments. */
export function shellCommands({ text }: Page): string[] {
  return [...text.matchAll(fence)]
    .filter(([, language]) => /^(sh|bash|shell|console)$/.test(language ?? ''))
    .flatMap(([, , body = '']) => body.replaceAll('\\\n', ' ').split(/\n|&&|\||;/))
    .map(line =>
      line
        .replace(/^\s*\$ /, '')
        .replace(/(^|\s)#.*$/, '')
        .trim(),
    )
    .filter(line => line !== '')
}

/** Text between single backticks, outside of fenced blocks. */
export function inlineCode({ text }: Page): string[] {
  return [...text.replace(fence, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
}

/** Targets of links and images that are neither URLs nor addresses. */
export function localLinks({ text, dir }: Page): { target: string; file: string; anchor: string | undefined }[] {
  return [...text.replace(fence, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter(target => !/^[a-z]+:/.test(target))
    .map(target => {
      const [path = '', anchor] = target.split('#')
      return { target, file: path, anchor }
    })
    .map(({ target, file, anchor }) => ({ target, file: file === '' ? '' : resolve(dir, file), anchor }))
}

/** The anchors that a renderer makes of a page's headings. */
export function anchors(text: string): string[] {
  return [...text.replace(fence, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Splits a command line into words; quotes keep blanks together. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  )
}
