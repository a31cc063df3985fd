import { type BallotRule, keepWhatTwoName } from '../ballot.ts'

/** Wrong: the entry is free as soon as one node denies having voted. The liar denies. */
export const freeIfOneDenies: BallotRule = reports =>
  reports.some(report => report.last === undefined) ? undefined : keepWhatTwoName(reports)

/** Wrong here: Paxos keeps the vote with the highest ballot, which a liar invents. */
export const highestBallotWins: BallotRule = reports =>
  reports
    .flatMap(report => report.last ?? [])
    .reduce<{ ballot: number; hash: Uint8Array | undefined }>(
      (best, last) => (last.ballot > best.ballot ? last : best),
      { ballot: -1, hash: undefined },
    ).hash
