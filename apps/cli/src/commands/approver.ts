import { existsSync } from 'node:fs'
import { describeIntent, fingerprintWords, judge } from '@trivault/approval'
import { DeviceKey } from '@trivault/client'
import { equalBytes, fromBase64, toHex } from '@trivault/codec'
import { enrolmentNonce, possessionMessage, vaultIdOf } from '@trivault/protocol'
import { deviceKeyId, operationOf } from '@trivault/vault-state'
import { Command, Option } from 'commander'
import { CliError, codeOfRefusal } from '../errors.ts'
import { type Examined, examine } from '../examine.ts'
import { writeNewPrivate } from '../files.ts'
import { keepHead, seenHead } from '../heads.ts'
import { fetchIdToken } from '../id-token.ts'
import type { Open, Session } from '../session.ts'
import {
  idOption,
  initiatorOption,
  progress,
  startAndTell,
  tell,
  timeoutOption,
  type WaitOptions,
  waitOption,
} from './progress.ts'

type Keyed = { keyFile?: string }
type Pairing = Keyed & WaitOptions & { id?: string; initiator?: string; automated?: true; callbackPort: number }
const callbackOption = (): Option =>
  new Option('--callback-port <port>', 'where on this machine the browser comes back after the sign-in')
    .default(8910)
    .argParser(portNumber)
const keyOption = (): Option => new Option('--key-file <file>', 'the device key (default: that of the user in --home)')

export function approverCommands(open: Open): Command {
  const approver = new Command('approver').description('the device of a person who approves')
  approver
    .command('init')
    .description('make a device key for --user and print its public key')
    .addOption(keyOption())
    .action((options: Keyed, command: Command) => {
      const session = open(command)
      const path = session.keyFile(options.keyFile)
      if (existsSync(path))
        throw new CliError(
          'configuration',
          `${path} exists: a device key is never overwritten, name another --key-file`,
        )
      const key = DeviceKey.generate()
      writeNewPrivate(path, `${key.export()}\n`)
      const fingerprint = deviceKeyId(fromBase64(key.publicKey))
      const Words = fingerprintWords(fingerprint)
      if (!session.options.json) session.terminal.err(`Fingerprint ${fingerprint}\nIn words: ${Words}\n`)
      session.print({ PublicKey: key.publicKey, KeyFingerprint: fingerprint, Words, KeyFile: path }, [key.publicKey])
    })
  approver
    .command('pair')
    .description('start making the device key the one of --user; in founding mode identity you sign in for it')
    .addOption(keyOption())
    .option('--automated', 'the key of a program: without an ID token, even in founding mode identity')
    .addOption(callbackOption())
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (options: Pairing, command: Command) => {
      const session = open(command)
      const key = session.deviceKey(session.keyFile(options.keyFile))
      if (!options.automated && wantsToken(session)) await vouch(session, key, options)
      const body = { UserID: session.person(), PublicKey: key.publicKey }
      await startAndTell(session, 'setUserPublicKey', body, options)
    })
  approver
    .command('list')
    .description('what waits for the signed-in person, decoded here')
    .action(async (_options, command: Command) => list(open(command)))
  approver
    .command('show <id>')
    .description('an operation decoded here, and whether the three nodes see the same')
    .action(async (id: string, _options, command: Command) => {
      const session = open(command)
      const examined = await examine(session, id)
      session.print(documentOf(examined), linesOf(examined))
    })
  approver
    .command('approve <id>')
    .description('check, show and sign an operation')
    .addOption(keyOption())
    .option('--yes', 'do not ask')
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (id: string, options: Keyed & WaitOptions & { yes?: true }, command: Command) =>
      approve(open(command), id, options),
    )
  approver
    .command('reject <id>')
    .description('reject a pending operation')
    .option('--reason <text>', 'why: kept in the log, and shown to the others')
    .action(async (OperationID: string, { reason }: { reason?: string }, command: Command) => {
      const session = open(command)
      const body = { OperationID, ...(reason !== undefined && { Reason: reason }) }
      await (await session.client()).call('cwprejectOperation', { body })
      session.print({ OperationID, Rejected: true }, `Rejected ${OperationID}`)
    })
  return approver
}

/** Without pins nobody knows; the nodes refuse a founder's key that nothing vouches for. */
function wantsToken(session: Session): boolean {
  const { api, pins } = session.options
  return (api === undefined || pins !== undefined) && session.genesis().foundingMode === 'identity'
}

/** Signs in at the pinned identity provider and hands in its word for the key. */
async function vouch(session: Session, key: DeviceKey, { callbackPort }: Pairing): Promise<void> {
  const genesis = session.genesis()
  const vaultId = vaultIdOf(genesis)
  const userId = session.person()
  const publicKey = fromBase64(key.publicKey)
  const { idToken, issuerKey } = await fetchIdToken({
    issuer: genesis.issuer,
    clientId: genesis.approverClientId,
    nonce: enrolmentNonce(vaultId, userId, publicKey),
    callbackPort,
    terminal: session.terminal,
  })
  const proof = key.sign(possessionMessage({ vaultId, userId, publicKey, channel: 'cli', idToken }))
  await (await session.client()).call('trivaultVouch', {
    body: {
      UserID: userId,
      PublicKey: key.publicKey,
      Channel: 'cli',
      IDToken: idToken,
      IssuerKey: issuerKey,
      Proof: proof,
    },
  })
}

async function list(session: Session): Promise<void> {
  const pending = await (await session.client()).call('cwplistPendingApprovals')
  const { state } = await session.replica()
  const shown = pending.map(({ OperationID, Intent }) => {
    const { intent, intentBytes, type } = operationOf(state, OperationID)
    if (!equalBytes(intentBytes, fromBase64(Intent)))
      throw new CliError('untrusted', `the wallet shows another intent of ${OperationID} than the certified one`)
    return { OperationID, OperationType: type, Description: describeIntent(state, intent) }
  })
  const lines = shown.flatMap(({ OperationID, OperationType, Description }) => [
    `${OperationID} (${OperationType})`,
    ...Description.map(line => `  ${line}`),
  ])
  session.print(shown, lines.length === 0 ? 'nothing waits for you' : lines)
}

async function approve(session: Session, id: string, options: Keyed & WaitOptions & { yes?: true }): Promise<void> {
  if (session.options.json && !options.yes)
    throw new CliError('usage', 'with --json give --yes: there is nobody to ask')
  const path = session.keyFile(options.keyFile)
  const key = session.deviceKey(path)
  const examined = await examine(session, id)
  const { replica, verdicts } = examined
  const judgement = judge({
    replica,
    operationId: id,
    verdicts,
    keyId: deviceKeyId(fromBase64(key.publicKey)),
    seen: seenHead(path, replica),
  })
  if (!judgement.offer) throw new CliError(codeOfRefusal(judgement.reason), `${judgement.message}: ${judgement.remedy}`)
  keepHead(path, replica)
  const { operation, user } = judgement
  if (!options.yes) {
    for (const line of linesOf(examined)) session.terminal.err(`${line}\n`)
    if (!(await session.terminal.confirm(`Approve as ${user}?`))) throw new CliError('declined', 'nothing was signed')
  }
  const client = await session.client()
  const IntentSignature = key.sign(operation.intentBytes)
  await client.call('cwpapproveOperation', { body: { OperationID: id, IntentSignature } })
  await tell(session, id, await progress(client, id, options))
}

function documentOf({ operation, lines, views }: Examined): object {
  return {
    OperationID: operation.id,
    OperationType: operation.type,
    Description: lines,
    IntentHash: toHex(operation.intentHash),
    Needs: views[0]?.needs ?? [],
    Unmet: views[0]?.unmet ?? [],
    Nodes: views.map(({ node, status, headSeq }) => ({ Node: node, Status: status, HeadSeq: headSeq })),
  }
}

function linesOf({ operation, lines, views }: Examined): string[] {
  const [view] = views
  return [
    `${operation.id} (${operation.type})`,
    ...lines.map(line => `  ${line}`),
    `Intent hash  ${toHex(operation.intentHash)}`,
    `Needs        ${view?.needs.join('; ') || 'no approval'}`,
    `Waits for    ${view?.unmet.join('; ') || 'nothing'}`,
    'Nodes 0, 1 and 2 signed that they see the same intent and effects',
  ]
}

function portNumber(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65_535) throw new CliError('usage', '--callback-port takes a port')
  return Number(text)
}
