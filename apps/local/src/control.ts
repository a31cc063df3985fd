import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type Home, socketPath } from './home.ts'

/** `up` starts what is missing, `status` only answers, `stop` ends the vault. */
export type ControlCommand = 'up' | 'status' | 'stop'
export type ControlHandler = (command: ControlCommand, say: (line: string) => void) => Promise<void>

const NAME = 'control.sock'
const COMMANDS: readonly string[] = ['up', 'status', 'stop'] satisfies ControlCommand[]

/** Answers on the home's control socket (0600). Returns a function that closes it. */
export async function serveControl(home: Home, handler: ControlHandler): Promise<() => void> {
  const path = socketPath(home, NAME)
  rmSync(home.path(NAME), { force: true })
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    createInterface({ input: socket }).once('line', line => void answer(socket, line.trim(), handler))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(home.path(NAME), 0o600)
  return () => {
    server.close()
    rmSync(home.path(NAME), { force: true })
  }
}

async function answer(socket: Socket, command: string, handler: ControlHandler): Promise<void> {
  const send = (message: object) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`)
  }
  try {
    if (!COMMANDS.includes(command)) throw new Error(`unknown command; use one of ${COMMANDS.join(', ')}`)
    await handler(command as ControlCommand, line => send({ say: line }))
    send({ done: true })
  } catch (error) {
    send({ failed: error instanceof Error ? error.message : 'unknown error' })
  }
  socket.end()
}

/**
 * Sends one command to the supervisor that runs this home and passes on what it says. False: nobody runs it.
 * Throws when the command failed.
 */
export function sendControl(home: Home, command: ControlCommand, say: (line: string) => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath(home, NAME))
    let connected = false
    let done = false
    socket.once('connect', () => {
      connected = true
      socket.write(`${command}\n`)
    })
    createInterface({ input: socket })
      .on('line', line => {
        const message = JSON.parse(line) as { say?: string; done?: boolean; failed?: string }
        if (message.say !== undefined) say(message.say)
        if (message.failed !== undefined) reject(new Error(message.failed))
        if (message.done) done = true
      })
      .on('error', () => undefined)
    socket.once('error', () => undefined)
    socket.once('close', () => {
      if (!connected) resolve(false)
      else if (done) resolve(true)
      else reject(new Error('the running vault ended before it answered'))
    })
  })
}
