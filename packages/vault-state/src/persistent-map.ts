type Node<V> =
  | { kind: 'map'; map: Map<string, V> }
  | { kind: 'change'; key: string; value: V | undefined; next: PersistentMap<V> }

/**
 * An immutable map. `set` and `delete` give a new version; the newest version touched holds a real `Map`, the others hold
 * one change each and are made current again when they are read (Baker, "Shallow binding makes functional arrays fast",
 * 1991). Reading and changing the current version costs O(1): the log's normal case.
 */
export class PersistentMap<V> {
  #node: Node<V>

  private constructor(node: Node<V>) {
    this.#node = node
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>({ kind: 'map', map: new Map() })
  }

  get(key: string): V | undefined {
    return this.#current().get(key)
  }

  has(key: string): boolean {
    return this.#current().has(key)
  }

  get size(): number {
    return this.#current().size
  }

  /** The values in an array, in no particular order: sort before the order can matter. */
  values(): V[] {
    return [...this.#current().values()]
  }

  keys(): string[] {
    return [...this.#current().keys()]
  }

  set(key: string, value: V): PersistentMap<V> {
    return this.#with(key, value)
  }

  delete(key: string): PersistentMap<V> {
    return this.has(key) ? this.#with(key, undefined) : this
  }

  #with(key: string, value: V | undefined): PersistentMap<V> {
    const map = this.#current()
    const before = map.get(key)
    const next = new PersistentMap<V>({ kind: 'map', map })
    this.#node = { kind: 'change', key, value: before, next }
    write(map, key, value)
    return next
  }

  /** Walks to the current version and turns every change on the way around, so that this version becomes the current one. */
  #current(): Map<string, V> {
    if (this.#node.kind === 'map') return this.#node.map
    const path: PersistentMap<V>[] = [this]
    let last: PersistentMap<V> = this.#node.next
    while (last.#node.kind === 'change') {
      path.push(last)
      last = last.#node.next
    }
    const map = last.#node.map
    for (const version of path.reverse()) {
      const { key, value } = version.#node as Extract<Node<V>, { kind: 'change' }>
      last.#node = { kind: 'change', key, value: map.get(key), next: version }
      write(map, key, value)
      last = version
    }
    this.#node = { kind: 'map', map }
    return map
  }
}

function write<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
