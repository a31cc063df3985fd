/** One progress line on stderr: stdout belongs to the program that is launched. */
export function say(text) {
  process.stderr.write(`trivault: ${text}\n`)
}

/** A start that cannot succeed: its message is the one line that the user sees. */
export class LaunchError extends Error {}
