/** A step back of less than this is taken for a clock that was put right; beyond it the clock is believed. */
const PATIENCE_MS = 60 * 60 * 1000

/**
 * The time, in order: what is said later is not dated earlier because the machine's clock was set back a little. A
 * millisecond goes by with each reading until the clock has caught up. `readMs` is the machine's clock.
 */
export function createClock(readMs: () => number): () => Date {
  let lastMs = -Infinity
  return () => {
    const nowMs = readMs()
    const backMs = lastMs - nowMs
    lastMs = backMs > 0 && backMs < PATIENCE_MS ? lastMs + 1 : nowMs
    return new Date(lastMs)
  }
}
