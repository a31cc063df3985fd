import { equalBytes } from '@trivault/codec'
import { assemble, type Certificate, type Committee, NODES, type Report, type Vote } from './signed.ts'

/** Which entry, by hash, the three reports of a ballot demand; undefined when any may be proposed. */
export type BallotRule = (reports: readonly Report[]) => Uint8Array | undefined

/**
 * L2: if two of the three reports name the same hash, that entry is kept. The ballots in the reports play no part.
 * Weaker rules lead to two certificates with one liar (see the exhaustive search in search.test.ts).
 */
export const keepWhatTwoName: BallotRule = reports => {
  const named = reports.flatMap(report => report.last?.hash ?? [])
  return named.find((hash, i) => named.some((other, j) => i < j && equalBytes(hash, other)))
}

/** L2: three signed reports, in node order, for exactly this slot, previous entry and ballot. */
export function areReportsFor(
  committee: Committee,
  reports: readonly Report[],
  question: { seq: number; prev: Uint8Array; ballot: number },
): boolean {
  return (
    reports.length === NODES &&
    reports.every(
      (report, i) =>
        report.node === i &&
        report.seq === question.seq &&
        report.ballot === question.ballot &&
        equalBytes(report.prev, question.prev) &&
        (report.last === undefined || report.last.ballot < report.ballot) &&
        committee.isReport(report),
    )
  )
}

/** Votes kept per node: an honest one has few at a time, a liar only pushes out its own. */
const KEPT_VOTES = 8

/** Collects valid votes until three nodes agree. */
export class VoteBox {
  #votes: Vote[] = []

  /** Adds a checked vote; the certificate if it completes one. */
  add(vote: Vote): Certificate | undefined {
    const equal = this.equalTo(vote)
    if (equal.some(known => known.node === vote.node)) return assemble(equal)
    const own = this.#votes.filter(known => known.node === vote.node)
    if (own.length >= KEPT_VOTES) this.#votes.splice(this.#votes.indexOf(own[0] ?? vote), 1)
    this.#votes.push(vote)
    return assemble([...equal, vote])
  }

  /** The votes for the same entry in the same ballot. */
  equalTo(vote: Pick<Vote, 'seq' | 'ballot' | 'hash'>): Vote[] {
    return this.#votes.filter(
      known => known.seq === vote.seq && known.ballot === vote.ballot && equalBytes(known.hash, vote.hash),
    )
  }

  /** A complete certificate for `seq`, if there is one. */
  complete(seq: number): Certificate | undefined {
    for (const vote of this.#votes) {
      const certificate = vote.seq === seq ? assemble(this.equalTo(vote)) : undefined
      if (certificate !== undefined) return certificate
    }
    return undefined
  }

  /** Forgets slots up to `seq`. */
  forget(seq: number): void {
    this.#votes = this.#votes.filter(vote => vote.seq > seq)
  }
}
