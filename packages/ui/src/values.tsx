import { ActionIcon, Badge, CopyButton, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useEffect, useReducer } from 'react'

/** Puts a value on the clipboard; says so to screen readers too. */
export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={2000}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label} withinPortal={false}>
          <ActionIcon variant="subtle" color="gray" size="sm" onClick={copy} aria-label={copied ? 'Copied' : label}>
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}

/** Where a value that does not fit in one line breaks: an address in two halves, a digest in quarters. */
function pieces(value: string): readonly string[] {
  const digits = value.startsWith('0x') ? value.slice(2) : value
  const size = { 40: 20, 64: 16 }[digits.length]
  if (size === undefined || !/^[0-9a-fA-F]*$/.test(digits)) return [value]
  const parts = digits.match(new RegExp(`.{${size}}`, 'g')) ?? []
  return value === digits ? parts : parts.map((part, i) => (i === 0 ? `0x${part}` : part))
}

/** An address, digest or other text of a machine, whole. */
export function Mono({ value }: { value: string }) {
  const parts = pieces(value)
  return (
    <span className="tv-mono">
      {parts.length === 1
        ? value
        : parts.map((part, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces may repeat and never move
            <span className="tv-piece" key={`${i} ${part}`}>
              {part}
            </span>
          ))}
    </span>
  )
}

const machineText = /(0x(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40})(?![0-9a-fA-F]))/

/** A sentence in which addresses and hashes break in even parts, too. */
export function Sentence({ text }: { text: string }) {
  return text.split(machineText).map((part, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts may repeat and never move
    i % 2 === 1 ? <Mono key={`${i} ${part}`} value={part} /> : part,
  )
}

/** A whole address, never shortened, that can be copied. */
export function Address({ value, name }: { value: string; name?: string | undefined }) {
  return (
    <span>
      {name !== undefined && (
        <Text span fw={600} display="block">
          {name}
        </Text>
      )}
      <span className="tv-address">
        <Mono value={value} />
        <Copy value={value} label="Copy the address" />
      </span>
    </span>
  )
}

/** A digest or an id in monospace that can be copied. */
export function Digest({ value, label = 'Copy' }: { value: string; label?: string }) {
  return (
    <span className="tv-address">
      <Mono value={value} />
      <Copy value={value} label={label} />
    </span>
  )
}

/** A decimal in major units with its symbol, grouped by threes before the point; no digit is dropped. */
export function Amount({ value, symbol }: { value: string; symbol: string }) {
  return (
    <span style={{ fontVariantNumeric: 'tabular-nums', overflowWrap: 'anywhere' }}>
      {groupDigits(value)} {symbol}
    </span>
  )
}

export function groupDigits(value: string): string {
  const [, whole = '', rest = ''] = /^(-?\d+)(\..*)?$/.exec(value) ?? []
  return whole === '' ? value : whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') + rest
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const steps: readonly [limit: number, unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  [60, 'second', 1],
  [3_600, 'minute', 60],
  [86_400, 'hour', 3_600],
  [2_592_000, 'day', 86_400],
]

const retold = 20_000

/** How long ago, with the exact time behind it; told anew as it passes. `at`: milliseconds or an ISO text. */
export function Time({ at }: { at: number | string }) {
  const [, tell] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    const timer = setInterval(tell, retold)
    return () => clearInterval(timer)
  }, [])
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return <span>unknown</span>
  const seconds = (date.getTime() - Date.now()) / 1000
  const step = steps.find(([limit]) => Math.abs(seconds) < limit)
  const text =
    seconds <= 0 && seconds > -60
      ? 'just now'
      : step
        ? relative.format(Math.round(seconds / step[2]), step[1])
        : exact.format(date)
  return (
    <time dateTime={date.toISOString()} title={exact.format(date)}>
      {text}
    </time>
  )
}

const colours: Readonly<Record<string, string>> = {
  Succeeded: 'green',
  Failed: 'red',
  'Pending approval': 'yellow',
  'Pending confirmation': 'yellow',
}

const meanings: Readonly<Record<string, string>> = {
  'Pending initialization': 'The wallet has it; the three nodes have not certified it yet',
  'Pending confirmation': 'Waits for the device of the person who started it',
  'Pending approval': 'Waits for approvers',
  'Pending execution': 'Approved; the nodes judge it next, or a delay is not over',
  'Pending signature': 'The three nodes are signing it',
  Executing: 'On its way to the chain',
  Succeeded: 'Over, with success',
  Failed: 'Over, without success',
}

/** Status of an operation in the contract's words, explained behind; colour says nothing that the word does not. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <Badge variant="light" color={colours[status] ?? 'vault'} radius="sm" tt="none" title={meanings[status]}>
      {status}
    </Badge>
  )
}

/** Six words of a fingerprint, to be read to each other. */
export function Words({ words }: { words: string }) {
  return (
    <ol className="tv-words" aria-label={`In words: ${words}`}>
      {words.split(' ').map((word, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice, its place is its key
        <li key={`${i} ${word}`}>{word}</li>
      ))}
    </ol>
  )
}
