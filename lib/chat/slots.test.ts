import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSlots, type Slot } from './slots.ts'

/** Who of these has been told that it is their turn. */
function watch(slots: Readonly<Record<string, Slot>>): Set<string> {
  const ready = new Set<string>()
  for (const [name, slot] of Object.entries(slots)) {
    void slot.ready().then(
      () => ready.add(name),
      () => {},
    )
  }
  return ready
}

const refused = (take: () => unknown) => {
  expect(take).toThrow(expect.objectContaining({ status: 503, headers: { 'retry-after': '5' } }))
}

describe('the answers that are made at once', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('are so many for one user; the next wait in their order, one more is refused at once', async () => {
    const slots = createSlots({ perUser: 1, total: 10 })
    const [first, second, third] = [slots.take('ada'), slots.take('ada'), slots.take('ada')]
    refused(() => slots.take('ada'))
    const ready = watch({ first, second, third })
    await vi.advanceTimersByTimeAsync(10)
    expect([...ready]).toEqual(['first'])
    first.release()
    await vi.advanceTimersByTimeAsync(10)
    expect([...ready]).toEqual(['first', 'second'])
    second.release()
    await vi.advanceTimersByTimeAsync(10)
    expect(ready).toContain('third')
  })

  it('are so many in all, and the queue is as long', async () => {
    const slots = createSlots({ perUser: 2, total: 2 })
    const made = [slots.take('ada'), slots.take('alan')]
    const waits = [slots.take('grace'), slots.take('edsger')]
    refused(() => slots.take('barbara'))
    const ready = watch({ grace: waits[0]!, edsger: waits[1]! })
    await vi.advanceTimersByTimeAsync(10)
    expect(ready.size).toBe(0)
    made[1]!.release()
    await vi.advanceTimersByTimeAsync(10)
    expect([...ready]).toEqual(['grace'])
    expect(() => slots.take('barbara'), 'there is room in the queue again').not.toThrow()
  })

  it('of one user keep no other waiting', async () => {
    const slots = createSlots({ perUser: 1, total: 2 })
    const adas = [slots.take('ada'), slots.take('ada')]
    const ready = watch({ adas: adas[1]!, alans: slots.take('alan') })
    await vi.advanceTimersByTimeAsync(10)
    expect([...ready]).toEqual(['alans'])
  })

  it('give up a place once, however often they are told to', async () => {
    const slots = createSlots({ perUser: 1, total: 1 })
    const first = slots.take('ada')
    const second = slots.take('alan')
    first.release()
    first.release()
    expect(() => slots.take('grace'), 'there is room to wait').not.toThrow()
    refused(() => slots.take('edsger'))
    second.release()
  })

  it('are waited for no longer than anyone should, nor by who has gone', async () => {
    const slots = createSlots({ perUser: 1, total: 1, waitMs: 1000 })
    slots.take('ada')
    const late = slots.take('alan')
    const lateResult = late.ready().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await lateResult).toMatchObject({ status: 503 })
    late.release()
    const gone = new AbortController()
    const left = slots.take('grace')
    const leftResult = left.ready(gone.signal).catch((error: unknown) => error)
    gone.abort(new Error('gone'))
    expect(await leftResult).toMatchObject({ message: 'gone' })
    left.release()
    expect(() => slots.take('edsger'), 'their places are free').not.toThrow()
  })

  it('are any number where there is no limit', async () => {
    const slots = createSlots({ perUser: 0, total: 0 })
    const all = Object.fromEntries(
      Array.from({ length: 500 }, (_, at) => [`${at}`, slots.take('ada')] as const),
    )
    const ready = watch(all)
    await vi.advanceTimersByTimeAsync(1)
    expect(ready.size).toBe(500)
  })
})
