import type { LogStore, SeenHead } from '@trivault/approval'
import type { StoredEntry } from '@trivault/ledger'
import type { KeptKey } from './key.ts'

/** What the device keeps of its vault, beside the log. */
export interface DeviceRecord {
  /** pins.json of the vault, as the person confirmed it. */
  readonly pins: string
  readonly seen?: SeenHead | undefined
  readonly key?: (KeptKey & { readonly userId: string; readonly operationId?: string | undefined }) | undefined
}

/** Where a device keeps its key, its pins and the log. */
export interface DeviceStore {
  read(): Promise<DeviceRecord | undefined>
  write(record: DeviceRecord): Promise<void>
  readonly log: LogStore
  /** Makes the entries that were put durable. */
  flush(): Promise<void>
  /** Forgets the log; the record stays. */
  clearLog(): Promise<void>
  /** Forgets everything, the key too. */
  erase(): Promise<void>
}

const name = 'trivault-approver'

/** The store in IndexedDB. The log is rebuilt from the wallet when it is lost, the key is not. */
export async function openStore(): Promise<DeviceStore> {
  const db = await openDatabase()
  const waiting: { seq: number; stored: StoredEntry }[] = []
  const write = (stores: string[], change: (of: (store: string) => IDBObjectStore) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const transaction = db.transaction(stores, 'readwrite', { durability: 'strict' })
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
      change(store => transaction.objectStore(store))
    })
  return {
    read: () => result(db.transaction('device').objectStore('device').get('record')),
    write: record => write(['device'], of => of('device').put(record, 'record')),
    log: {
      putCertified: async (seq, _hash, stored) => void waiting.push({ seq, stored }),
      range: (from, limit) =>
        result(
          db
            .transaction('log')
            .objectStore('log')
            .getAll(IDBKeyRange.bound(from, from + limit - 1)),
        ),
    },
    async flush() {
      const batch = waiting.splice(0)
      if (batch.length > 0)
        await write(['log'], of => {
          for (const { seq, stored } of batch) of('log').put(stored, seq)
        })
    },
    async clearLog() {
      waiting.length = 0
      await write(['log'], of => of('log').clear())
    },
    async erase() {
      waiting.length = 0
      await write(['log', 'device'], of => {
        of('log').clear()
        of('device').clear()
      })
    },
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => {
    request.result.createObjectStore('device')
    request.result.createObjectStore('log')
  }
  return result(request)
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
