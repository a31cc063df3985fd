import { ApiError } from '@trivault/client'
import type { Device } from './device.ts'
import type { Progress } from './views.ts'

/** What can be asked of the device across the worker's edge. */
export type DeviceApi = {
  [M in keyof Device as Device[M] extends (...args: never[]) => Promise<unknown> ? M : never]: Device[M]
}

export interface Request {
  readonly id: number
  readonly method: keyof DeviceApi
  readonly args: readonly unknown[]
  /** The session's access token now. */
  readonly token: string
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure }
  | { readonly progress: Progress }

/** An error as it crosses the edge. */
export interface Failure {
  readonly name: string
  readonly code: string
  readonly status: number
  readonly message: string
  readonly remedy: string | undefined
}

export function failureOf(error: unknown): Failure {
  const field = (name: string): unknown => (error instanceof Error ? Reflect.get(error, name) : undefined)
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  const status = field('status')
  return {
    name: error instanceof Error ? error.name : 'Error',
    code: text(field('code')) ?? 'unexpected',
    status: typeof status === 'number' ? status : 0,
    message: error instanceof Error ? error.message : 'an unexpected failure',
    remedy: text(field('remedy')) ?? (error instanceof Error ? remedies[error.name] : undefined),
  }
}

const remedies: Readonly<Record<string, string>> = {
  ApprovalError: 'do not approve anything; tell the node admins',
}

/** An error of the device, on the page's side. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError'
  readonly code: string
  readonly remedy: string | undefined
  constructor({ code, message, remedy }: Failure) {
    super(message)
    this.code = code
    this.remedy = remedy
  }
}

const errorOf = (failure: Failure): Error =>
  failure.name === 'ApiError' ? new ApiError(failure.status, failure.code, failure.message) : new RemoteError(failure)

/** The device in its worker, which starts with the first question. `token` is read for each call, `onDenied` is told when the API does not take it. */
export function connectDevice(options: {
  start: () => Worker
  token: () => string
  onDenied: () => void
  onProgress: (progress: Progress | undefined) => void
}): DeviceApi {
  const { start, token, onDenied, onProgress } = options
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let last = 0
  let worker: Worker | undefined
  const hear = ({ data }: MessageEvent<Answer>): void => {
    if ('progress' in data) {
      onProgress(data.progress)
      return
    }
    const asked = waiting.get(data.id)
    waiting.delete(data.id)
    if (waiting.size === 0) onProgress(undefined)
    if ('value' in data) asked?.resolve(data.value)
    else {
      if (data.failure.status === 401) onDenied()
      asked?.reject(errorOf(data.failure))
    }
  }
  const running = (): Worker => {
    if (worker === undefined) {
      worker = start()
      worker.addEventListener('message', hear)
    }
    return worker
  }
  const call = (method: keyof DeviceApi, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, { resolve, reject })
      const request: Request = { id, method, args, token: token() }
      running().postMessage(request)
    })
  return new Proxy({} as DeviceApi, {
    get: (_target, method) =>
      method === 'then' ? undefined : (...args: unknown[]) => call(method as keyof DeviceApi, args),
  })
}
