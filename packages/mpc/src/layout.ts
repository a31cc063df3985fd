import { concat, Fields } from './bytes.ts'

/** Bytes that are no message of a layout, with the number of the check that says so (SPEC.md). */
export class Refused {
  readonly check: string

  constructor(check: string) {
    this.check = check
  }
}

/**
 * What the body of a message looks like: fields of fixed lengths, one after the other. The same layout writes a message and
 * reads it, so what it accepts encodes to the same bytes again.
 */
export interface Layout<T> {
  /** In bytes. */
  readonly length: number
  /** Fields are copies, unless they say otherwise. */
  take(fields: Fields): T | Refused
  parts(message: T): readonly Uint8Array[]
}

/** Any bytes: hashes, salts, and what is checked together with other things later on. */
export const bytes = (length: number): Layout<Uint8Array> => ({
  length,
  take: fields => fields.take(length),
  parts: value => [value],
})

/** Bytes that `accepts` must accept; otherwise the message is refused under the check's number. */
export const where = (accepts: (value: Uint8Array) => boolean, length: number, check: string): Layout<Uint8Array> => ({
  length,
  take(fields) {
    const value = fields.take(length)
    return accepts(value) ? value : new Refused(check)
  },
  parts: value => [value],
})

/** As `where` for a large field, which stays where it is in the body: it is gone when the round is over. */
export const inPlace = (
  accepts: (value: Uint8Array) => boolean,
  length: number,
  check: string,
): Layout<Uint8Array> => ({
  ...where(accepts, length, check),
  take(fields) {
    const value = fields.view(length)
    return accepts(value) ? value : new Refused(check)
  },
})

/** `count` of one kind. */
export const list = <T>(count: number, item: Layout<T>): Layout<readonly T[]> => ({
  length: count * item.length,
  take(fields) {
    const items: T[] = []
    for (let i = 0; i < count; i++) {
      const value = item.take(fields)
      if (value instanceof Refused) return value
      items.push(value)
    }
    return items
  },
  parts: values => values.flatMap(value => item.parts(value)),
})

type Message<L> = { readonly [K in keyof L]: L[K] extends Layout<infer T> ? T : never }

/** Named fields in the order of the object's keys. */
export const record = <L extends Readonly<Record<string, Layout<unknown>>>>(layouts: L): Layout<Message<L>> => {
  const entries = Object.entries(layouts)
  return {
    length: entries.reduce((sum, [, { length }]) => sum + length, 0),
    take(fields) {
      const message: Record<string, unknown> = {}
      for (const [name, layout] of entries) {
        const value = layout.take(fields)
        if (value instanceof Refused) return value
        message[name] = value
      }
      return message as Message<L>
    },
    parts: message => entries.flatMap(([name, layout]) => layout.parts(message[name])),
  }
}

/** The message in hostile bytes of any length, or which check refuses them. Throws nothing. */
export const parse = <T>(layout: Layout<T>, body: Uint8Array): T | Refused => {
  if (body.length !== layout.length) return new Refused('F.4')
  return layout.take(new Fields(body))
}

/** Inverse of `parse`. */
export const encode = <T>(layout: Layout<T>, message: T): Uint8Array => concat(...layout.parts(message))
