import { wordlist } from '@scure/bip39/wordlists/english'

const count = 6
const bitsPerWord = 11n

/**
 * Six words for a fingerprint, to be compared by voice: its first 66 bits, 11 for each word of the English list of BIP-39.
 * @param fingerprint hex, at least 9 bytes.
 */
export function fingerprintWords(fingerprint: string): string {
  const head = BigInt(`0x${fingerprint.slice(0, 18)}`) >> 6n
  const words = Array.from({ length: count }, (_, i) => {
    const index = (head >> (bitsPerWord * BigInt(count - 1 - i))) & ((1n << bitsPerWord) - 1n)
    return wordlist[Number(index)] ?? ''
  })
  return words.join(' ')
}
