import { Person } from '@trivault/testkit'
import type { Random } from '../../packages/ledger/src/testing/random.ts'

/** Somebody with a device. Honest people sign only what they themselves asked for, byte for byte. */
export class Human {
  readonly id: string
  readonly name: string
  device = 1
  person: Person

  constructor(name: string) {
    this.id = `${name}@example.com`
    this.name = name[0]?.toUpperCase() + name.slice(1)
    this.person = new Person(this.id)
  }

  /** The next device; the one before is in the evil wallet's hands from now on. */
  next(): Person {
    const old = this.person
    this.device++
    this.person = new Person(this.id, this.device)
    return old
  }
}

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.int(i + 1)
    const [a, b] = [out[i], out[j]]
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a]
  }
  return out
}
