import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Gathers what comes faster than every `everyMs`: the first item leaves at once, each later batch that long after the
 * one before. A model's tokens come faster than a screen can show them, and each frame has a price.
 */
export async function* paced<T>(items: AsyncIterable<T>, everyMs: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  let wake = () => {}
  const state: { ended: boolean; failure?: { error: unknown } } = { ended: false }
  const iterator = items[Symbol.asyncIterator]()

  async function pump() {
    try {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        batch.push(next.value)
        wake()
      }
    } catch (error) {
      state.failure = { error }
    }
    state.ended = true
    wake()
  }

  const pumping = pump()
  try {
    for (;;) {
      if (batch.length > 0) {
        const ready = batch
        batch = []
        yield ready
        if (!state.ended) await sleep(everyMs)
      } else if (state.failure) {
        throw state.failure.error
      } else if (state.ended) {
        return
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    // Left early: the source is told, and a pending read of it ends with its own signal.
    if (!state.ended) void iterator.return?.()
    void pumping
  }
}
