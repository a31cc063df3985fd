import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { fromHex, toBase64, toHex } from '@trivault/codec'
import type { BackupFile } from '@trivault/protocol'
import { Command } from 'commander'
import { publicKeyOf, readBackup, readErsKey, rebuild, verifyBackup } from './backup.ts'
import { addressAt, childOf, extendedKey, firstAddress, parsePath, signWith } from './derive.ts'
import { RecoveryError } from './errors.ts'
import { makePrivateDirectory, readFile, readText, writeNew } from './files.ts'

type Output = { out: (text: string) => void; err: (text: string) => void }
type Answer = Record<string, unknown>
type KeyOptions = { backup: string; ersKey: string; ersPassphraseFile?: string }

/** The command line of the tool. Nothing here, or in what it imports, opens a connection. */
export function recoveryProgram({ out, err }: Output): Command {
  const program = new Command('trivault-recovery')
    .description('Rebuilds master keys from a backup and the ERS private key. Run it on a machine without a network.')
    .option('--json', 'print one JSON document')
    .exitOverride()
    .showHelpAfterError()
    .configureOutput({ writeOut: out, writeErr: err })
  const print = (answer: Answer): void =>
    out(program.opts().json === true ? `${JSON.stringify(answer, null, 2)}\n` : textOf(answer))
  const withKeys = (command: Command): Command =>
    command
      .requiredOption('--backup <file>', 'the backup of a master key')
      .requiredOption('--ers-key <pem>', 'the ERS private key')
      .option('--ers-passphrase-file <file>', 'the passphrase of an encrypted ERS key')

  program
    .command('inspect')
    .description('show what a backup holds; needs no secret')
    .requiredOption('--backup <file>', 'the backup of a master key')
    .option('--ers-public-key <pem>', 'also verify the three shares against this ERS public key')
    .action(({ backup, ersPublicKey }: { backup: string; ersPublicKey?: string }) => {
      const file = readBackup(readFile(backup))
      if (ersPublicKey !== undefined) verifyBackup(file, readPublicKey(ersPublicKey))
      print({ ...shown(file), verified: ersPublicKey !== undefined })
    })

  withKeys(program.command('rebuild'))
    .description('rebuild the private key and show its addresses')
    .option('--derive <paths...>', 'derivation paths to show addresses of (default: the first account)')
    .option('--out <file>', 'write the private key to this new file (mode 0600)')
    .option('--print-private-key', 'print the private key')
    .action((options: KeyOptions & { derive?: string[]; out?: string; printPrivateKey?: true }) => {
      const given = options.derive?.map(text => ({ text, path: parsePath(text) }))
      const { file, key } = open(options)
      const first = firstAddress(key.curve)
      const paths = given ?? [{ text: first, path: parsePath(first) }]
      const extendedPrivateKey = extendedKey(key)
      const secret = {
        privateKey: toHex(key.privateKey),
        privateKeyForm: key.curve === 'ECDSA_SECP256K1' ? 'scalar, big-endian' : 'scalar, little-endian; not a seed',
        chainCode: toHex(key.chainCode),
        ...(extendedPrivateKey !== undefined && { extendedPrivateKey }),
      }
      if (options.out !== undefined)
        writeNew(options.out, `${JSON.stringify({ ...shown(file), ...secret }, null, 2)}\n`)
      print({
        ...shown(file),
        verified: true,
        addresses: Object.fromEntries(paths.map(({ text, path }) => [text, addressAt(key, path)])),
        ...(options.out !== undefined && { privateKeyFile: options.out }),
        ...(options.printPrivateKey && secret),
      })
    })

  withKeys(program.command('sign-check'))
    .description('sign a digest with the rebuilt key, to compare with a signature of the vault')
    .requiredOption('--message <hex32>', 'the digest, or Ed25519 message, to sign: 32 bytes in hex')
    .option('--path <path>', 'derivation path (default: the first account)')
    .action((options: KeyOptions & { message: string; path?: string }) => {
      if (!/^(0x)?[0-9a-fA-F]{64}$/.test(options.message))
        throw new RecoveryError('usage', '--message must be 32 bytes in hex')
      const given = options.path === undefined ? undefined : parsePath(options.path)
      const { key } = open(options)
      const path = given ?? parsePath(firstAddress(key.curve))
      const child = childOf(key, path)
      const digest = fromHex(options.message)
      print({
        path: path.join('/'),
        address: addressAt(key, path),
        publicKey: toHex(child.publicKey),
        message: toHex(digest),
        signature: toHex(signWith(key.curve, child, digest)),
      })
    })

  program
    .command('ers-key')
    .description('make an ERS key pair (RSA-3072): keep the private key offline')
    .requiredOption('--out <dir>', 'directory for ers-private-key.pem and ers-public-key.pem')
    .option('--passphrase-file <file>', 'encrypt the private key with the passphrase in this file')
    .action(({ out: directory, passphraseFile }: { out: string; passphraseFile?: string }) => {
      const passphrase = passphraseFile === undefined ? undefined : passphraseIn(passphraseFile)
      makePrivateDirectory(directory)
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
      const pem = privateKey.export({
        type: 'pkcs8',
        format: 'pem',
        ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }),
      })
      writeNew(join(directory, 'ers-private-key.pem'), String(pem))
      writeNew(join(directory, 'ers-public-key.pem'), String(publicKey.export({ type: 'spki', format: 'pem' })), 0o644)
      const line = toBase64(publicKeyOf(publicKey))
      if (program.opts().json === true) print({ ers_public_key: line })
      else out(`${line}\n`)
    })

  for (const command of program.commands) command.exitOverride().showHelpAfterError().copyInheritedSettings(program)
  return program
}

function open(options: KeyOptions): { file: BackupFile; key: ReturnType<typeof rebuild> } {
  const file = readBackup(readFile(options.backup))
  const passphrase = options.ersPassphraseFile === undefined ? undefined : passphraseIn(options.ersPassphraseFile)
  return { file, key: rebuild(file, readErsKey(readText(options.ersKey), passphrase)) }
}

function passphraseIn(path: string): string {
  const passphrase = readText(path).replace(/\r?\n$/, '')
  if (passphrase === '') throw new RecoveryError('usage', `${path} is empty: a passphrase is expected in it`)
  return passphrase
}

function readPublicKey(path: string): Uint8Array {
  const pem = readText(path)
  if (pem.includes('PRIVATE KEY'))
    throw new RecoveryError('usage', 'give the ERS public key here: inspect needs no private key')
  try {
    return publicKeyOf(createPublicKey(pem))
  } catch (cause) {
    throw new RecoveryError('ers-key', `${path} is not a PEM public key`, { cause })
  }
}

function shown(file: BackupFile): Answer {
  return {
    masterKey: file.masterKey,
    curve: file.curve,
    vaultId: toHex(file.vaultId),
    keyId: toHex(file.keyId),
    publicKey: toHex(file.publicKey),
    ersFingerprint: toHex(file.ersFingerprint),
    shares: file.blobs.length,
  }
}

function textOf(answer: Answer): string {
  const lines = Object.entries(answer).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null
      ? [`${name}:`, ...Object.entries(value).map(([key, inner]) => `  ${key}  ${inner}`)]
      : [`${name}: ${String(value)}`],
  )
  return `${lines.join('\n')}\n`
}
