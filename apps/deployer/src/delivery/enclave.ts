import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { measureEif, parsePcrJson } from '@trivault/enclave-image'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { PcrSet } from '../model.ts'
import { reason, untrusted } from './refusals.ts'
import { openRelease, RELEASE_FILE, type Release, SIGNATURE_FILE } from './release.ts'
import { KEY_FILE, trustedKey } from './signing.ts'
import { fetchListed, isListed } from './store.ts'
import { deliveryStore, type VerifiedRelease, verifiedRelease } from './verified.ts'

export const EIF_FILE = 'enclave.eif'
export const PCR_FILE = 'pcr.json'

type Measured = ReturnType<typeof measureEif>

/** The names of the attestation world. */
export const pcrSetOf = ({ pcr0, pcr1, pcr2, pcr8 }: Measured): PcrSet => ({
  PCR0: pcr0,
  PCR1: pcr1,
  PCR2: pcr2,
  ...(pcr8 !== undefined && { PCR8: pcr8 }),
})

const names = ['PCR0', 'PCR1', 'PCR2', 'PCR8'] as const

/** Names of the measurements in which two sets differ. */
export const differingPcrs = (a: PcrSet, b: PcrSet): string[] => names.filter(name => a[name] !== b[name])

/**
 * Recomputes the measurements of an enclave image and compares them with those that were told.
 * @throws DeployerError `untrusted`
 */
export function checkMeasurements(
  eif: Uint8Array,
  told: readonly { readonly by: string; readonly pcrs: PcrSet }[],
): PcrSet {
  let measured: PcrSet
  try {
    measured = pcrSetOf(measureEif(eif))
  } catch (cause) {
    throw untrusted(`${EIF_FILE} is no sound enclave image: ${reason(cause)}`, undefined, cause)
  }
  for (const { by, pcrs } of told) {
    const differing = differingPcrs(measured, pcrs)
    if (differing.length > 0)
      throw untrusted(
        `${differing.join(', ')} of ${EIF_FILE}, measured here, differ from those of ${by}`,
        'do not put these PCRs into a key policy; fetch the artifacts anew, and tell the publisher if it stays so',
      )
  }
  return measured
}

/** Measurements of a file such as pcr.json, as it says. Throws DeployerError untrusted. */
export function readTold(path: string): PcrSet {
  try {
    return pcrSetOf(parsePcrJson(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw untrusted(`${basename(path)} holds no measurements: ${reason(cause)}`, undefined, cause)
  }
}

/** `make fetch-enclave-artifacts`. Throws `DeployerError`; a file that was refused does not stay. */
export async function fetchEnclaveArtifacts(context: Context): Promise<void> {
  const store = await deliveryStore(context)
  const verified = await verifiedRelease(context, store, 'enclave')
  const { release, prefix } = verified
  const { tag, pcrs } = release.enclave
  const files = [EIF_FILE, PCR_FILE].map(file => ({ file, key: `${prefix}${file}`, target: context.file(file) }))
  if (context.flags.dryRun) {
    context.out.say(`would fetch ${files.map(({ key }) => key).join(', ')} from ${store.name}`)
    return
  }
  await context.out.steps([
    ...files.map(({ file, key, target }) => ({
      title: `${file} of ${tag}`,
      run: async (tell: (progress: string) => void) => {
        const entry = entryOf(release, key)
        if (await isListed(target, entry)) return 'is here already'
        await fetchListed(store, key, entry, target, { tell, signal: context.signal })
        return `${entry.size} bytes, signature and hash checked`
      },
    })),
    {
      title: 'PCRs recomputed from the image',
      run: async () => {
        try {
          checkMeasurements(readFileSync(context.file(EIF_FILE)), [
            { by: 'the signed release', pcrs },
            { by: PCR_FILE, pcrs: readTold(context.file(PCR_FILE)) },
          ])
        } catch (error) {
          for (const { target } of files) rmSync(target, { force: true })
          throw error
        }
        keepManifest(context.cwd, verified)
        return 'equal'
      },
    },
  ])
  context.out.result(
    { tag, pcrs },
    Object.entries(pcrs)
      .map(([name, value]) => `${name} ${value}`)
      .join('\n'),
  )
}

function entryOf(release: Release, key: string) {
  const entry = release.files[key]
  if (entry === undefined) throw untrusted(`the release does not list ${key}`)
  return entry
}

/** Where the signed manifest of the fetched enclave image stays, so that it is checked again whenever the image is used. */
const MANIFEST = '.trivault/enclave'

function keepManifest(cwd: string, { bytes, signature, key }: VerifiedRelease): void {
  mkdirSync(join(cwd, MANIFEST), { recursive: true })
  writeFileSync(join(cwd, MANIFEST, RELEASE_FILE), bytes)
  writeFileSync(join(cwd, MANIFEST, SIGNATURE_FILE), signature)
  writeFileSync(join(cwd, MANIFEST, KEY_FILE), key.pem)
}

/**
 * The measurements that may go into a key policy: of the enclave.eif that is here, as pcr.json and the signed release of
 * MPA_IMAGE_TAG have them.
 * @throws DeployerError `missing-file`, `missing-variable`, `mismatch`, `untrusted`
 */
export function readPulledPcrs({ cwd, settings }: Pick<Context, 'cwd' | 'settings'>): PcrSet {
  const manifest = [RELEASE_FILE, SIGNATURE_FILE, KEY_FILE].map(file => `${MANIFEST}/${file}`)
  const absent = [EIF_FILE, PCR_FILE, ...manifest].find(file => !existsSync(join(cwd, file)))
  if (absent !== undefined)
    throw new DeployerError('missing-file', `${absent} is not there`, 'run `make fetch-enclave-artifacts` first')
  const text = (file: string) => readFileSync(join(cwd, MANIFEST, file), 'utf8')
  const key = trustedKey(text(KEY_FILE), settings.require('SIGNING_KEY_FINGERPRINT'))
  const { enclave } = openRelease(readFileSync(join(cwd, MANIFEST, RELEASE_FILE)), text(SIGNATURE_FILE), key)
  const wanted = settings.require('MPA_IMAGE_TAG')
  if (enclave.tag !== wanted)
    throw new DeployerError(
      'mismatch',
      `${EIF_FILE} is of ${enclave.tag}, MPA_IMAGE_TAG is ${wanted}`,
      'run `make fetch-enclave-artifacts`, or correct MPA_IMAGE_TAG',
    )
  const pcrs = readTold(join(cwd, PCR_FILE))
  return checkMeasurements(readFileSync(join(cwd, EIF_FILE)), [
    { by: PCR_FILE, pcrs },
    { by: 'the signed release', pcrs: enclave.pcrs },
  ])
}
