/** A jump of the wall clock counts as no more than this. */
const longestStep = 5_000

/** Milliseconds that never go back, however the wall clock is set; read it at least every few seconds. */
export function steadyClock(clock: () => number): () => number {
  let steady = 0
  let last = clock()
  return () => {
    const reading = clock()
    steady += Math.min(Math.max(reading - last, 0), longestStep)
    last = reading
    return steady
  }
}
