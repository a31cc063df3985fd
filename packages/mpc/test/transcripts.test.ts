import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PROTOCOL } from '../src/frame.ts'
import { TRANSCRIPTS, type Transcript, transcripts } from './transcripts.ts'

const expected = JSON.parse(readFileSync(TRANSCRIPTS, 'utf8')) as Transcript[]

describe('runs with fixed seeds', () => {
  const made = transcripts()

  it.each(expected.map(one => [one.name, one] as const))('%s: every frame as it was', (name, transcript) => {
    expect(made.find(one => one.name === name)).toEqual(transcript)
    expect(transcript.results.length).toBeGreaterThan(1)
  })

  it('are all of them, and of every protocol', () => {
    expect(made.map(({ name }) => name)).toEqual(expected.map(({ name }) => name))
    const words: Record<keyof typeof PROTOCOL, RegExp> = {
      keygen: /^key generation/,
      pairSetup: /^pair set-up/,
      signing: /^ECDSA/,
      refresh: /^refresh/,
      frost: /^FROST/,
    }
    expect(Object.keys(words)).toEqual(Object.keys(PROTOCOL))
    for (const word of Object.values(words)) expect(made.some(({ name }) => word.test(name))).toBe(true)
  })
})
