import { type DestinationStream, type Logger, pino } from 'pino'

const secretFields = ['authorization', 'apiKey', 'ApiKey', 'password', 'token', 'access_token', 'secret', 'privateKey']

/** A logger of JSON lines in which fields named like secrets are blanked, two levels deep. */
export function createLog(
  options: { readonly name: string; readonly level?: string },
  destination: DestinationStream,
): Logger {
  const settings = {
    name: options.name,
    level: options.level ?? 'info',
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [...secretFields.flatMap(name => [name, `*.${name}`, `*.*.${name}`]), '*.headers.cookie'],
      censor: '[redacted]',
    },
  }
  return pino(settings, destination)
}
