import { describe, expect, it, vi } from 'vitest'
import { paced } from './pace.ts'

async function collect<T>(batches: AsyncIterable<T[]>): Promise<T[][]> {
  const all: T[][] = []
  for await (const batch of batches) all.push(batch)
  return all
}

describe('paced', () => {
  it('sends the first at once and gathers what comes within the time of a frame', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const source = (async function* () {
      for (let item = 0; item < 100; item++) yield item
    })()
    const collecting = collect(paced(source, 20))
    await vi.runAllTimersAsync()
    vi.useRealTimers()
    const batches = await collecting
    expect(batches.flat()).toEqual(Array.from({ length: 100 }, (_, index) => index))
    expect(batches[0]).toEqual([0])
    expect(batches.length).toBeLessThan(10)
  })

  it('gives what there is before it fails as its source failed', async () => {
    const source = (async function* () {
      yield 'a'
      yield 'b'
      throw new Error('broken')
    })()
    const seen: string[] = []
    const read = (async () => {
      for await (const batch of paced(source, 0)) seen.push(...batch)
    })()
    await expect(read).rejects.toThrow('broken')
    expect(seen).toEqual(['a', 'b'])
  })

  it('lets go of its source when nobody reads on', async () => {
    let isClosed = false
    const source = (async function* () {
      try {
        for (let item = 0; ; item++) {
          await new Promise((resolve) => setImmediate(resolve))
          yield item
        }
      } finally {
        isClosed = true
      }
    })()
    for await (const batch of paced(source, 0)) if (batch.includes(3) || batch.at(-1)! > 3) break
    await vi.waitFor(() => expect(isClosed).toBe(true))
  })
})
