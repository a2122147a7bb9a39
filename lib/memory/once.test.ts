import { describe, expect, it } from 'vitest'
import { once, type OnceRequest } from './once.ts'

/** Records as a store keeps them, in a map. */
function memory() {
  const kept = new Map<string, string>()
  return {
    kept: async (key: string) => kept.get(key),
    async keep(key: string, value: string) {
      if (!kept.has(key)) kept.set(key, value)
      return kept.get(key)!
    },
  }
}

const request = (more: Partial<OnceRequest> = {}): OnceRequest => ({
  key: 'ingest:one-key-of-mine',
  content: 'tea',
  now: new Date('2026-03-01T12:00:00Z'),
  seed: Math.random().toString(),
  ...more,
})

describe('what is done once', () => {
  it('is answered each time as the first time, without being done again', async () => {
    const memories = memory()
    let done = 0
    const ask = () => once(memories, request(), async () => ({ done: ++done }))
    expect([await ask(), await ask()]).toEqual([{ done: 1 }, { done: 1 }])
    expect(await once(memories, request({ key: 'import:other' }), async () => 'new')).toBe('new')
  })

  it('is done again, with the same time and ids, where it did not come to its end', async () => {
    const memories = memory()
    const seen: unknown[] = []
    const ask = (now: string, end: () => void) =>
      once(memories, request({ now: new Date(now) }), async ({ at, newId }) => {
        seen.push([at.toISOString(), newId(at), newId(at)])
        end()
        return 'answer'
      })
    const fails = () => {
      throw new Error('The disk is full.')
    }
    await expect(ask('2026-03-01T12:00:00Z', fails)).rejects.toThrow('full')
    expect(await ask('2026-03-02T12:00:00Z', () => {})).toBe('answer')
    expect(seen[1]).toEqual(seen[0])
    const [at, first, second] = seen[0] as [string, string, string]
    expect(at).toBe('2026-03-01T12:00:00.000Z')
    expect(first < second, 'in the order in which they are made').toBe(true)
  })

  it('has other ids for another request of the same time', async () => {
    const idOf = (key: string) =>
      once(memory(), request({ key }), async ({ at, newId }) => newId(at))
    expect(await idOf('ingest:a')).not.toBe(await idOf('ingest:b'))
  })

  it('gives all who ask at once one answer', async () => {
    const memories = memory()
    let done = 0
    const answers = await Promise.all(
      [1, 2, 3].map(() => once(memories, request(), async () => ({ done: ++done }))),
    )
    expect(new Set(answers.map((answer) => answer.done)).size).toBe(1)
  })

  it('is refused for another content under the same key', async () => {
    const memories = memory()
    await once(memories, request(), async () => 'answer')
    const other = once(memories, request({ content: 'coffee' }), async () => 'other')
    await expect(other).rejects.toMatchObject({ status: 409 })
  })
})
