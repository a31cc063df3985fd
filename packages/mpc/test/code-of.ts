import { MpcError } from '../src/index.ts'

/** The code that `action` throws, or undefined when it does not; what is no `MpcError` in words. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    return error instanceof MpcError ? error.code : String(error)
  }
  return undefined
}
