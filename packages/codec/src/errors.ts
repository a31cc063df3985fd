export type CodecErrorCode =
  | 'truncated'
  | 'trailing'
  | 'too-long'
  | 'out-of-range'
  | 'bad-tag'
  | 'bad-text'
  | 'bad-json'
  | 'bad-hex'
  | 'bad-base64'
  | 'not-canonical'

/** What went wrong while encoding or decoding; `path` names the field, e.g. `commands[2].intent`. */
export class CodecError extends Error {
  readonly code: CodecErrorCode
  readonly path: string
  constructor(code: CodecErrorCode, message: string, path = '', options?: { cause?: unknown }) {
    super(path === '' ? message : `${path}: ${message}`, options)
    this.name = 'CodecError'
    this.code = code
    this.path = path
  }

  /** The same error seen from the field that contains it. */
  within(field: string): CodecError {
    const inner = this.path === '' ? this.message : this.message.slice(this.path.length + 2)
    const path = this.path === '' ? field : this.path.startsWith('[') ? field + this.path : `${field}.${this.path}`
    return new CodecError(this.code, inner, path, { cause: this.cause })
  }
}

/** Runs `body` and adds `field` to the path of a `CodecError` that leaves it. */
export function inField<T>(field: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw within(field, error)
  }
}

/** What is thrown for an error inside `field`. */
export const within = (field: string, error: unknown): unknown =>
  error instanceof CodecError ? error.within(field) : error
