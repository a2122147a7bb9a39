import { describe, expect, it } from 'vitest'
import { createMemoryIndex, type IndexedMemory } from './memory-index.ts'
import { passages } from './passages.ts'
import { rank } from './rank.ts'

const HOUR_MS = 3_600_000

function memory(id: string, text: string, more: Partial<IndexedMemory> = {}): IndexedMemory {
  return { id, text, tsMs: 0, role: 'user', tags: [], source: 'chat', ...more }
}

function idsFor(index: ReturnType<typeof createMemoryIndex>, text: string): string[] {
  const query = { text, at: new Date(0), limit: 50 }
  return rank(index, query).map(({ id }) => id)
}

describe('MemoryIndex', () => {
  it('forgets what is removed and finds the new text of what is replaced', () => {
    const index = createMemoryIndex()
    index.put(memory('a', 'The heron stands in the pond.'))
    index.put(memory('b', 'The piano is out of tune.'))
    expect(idsFor(index, 'Where is the heron?')).toEqual(['a'])
    index.put(memory('a', 'The fox sleeps under the hedge.'))
    expect(idsFor(index, 'Where is the heron?')).toEqual([])
    expect(idsFor(index, 'Where is the fox?')).toEqual(['a'])
    index.remove('a')
    expect(idsFor(index, 'Where is the fox?')).toEqual([])
    expect(index.memories).toBe(1)
    index.remove('never there')
    expect(index.memories).toBe(1)
  })

  it('ranks as a fresh index does after hundreds of replacements and removals', () => {
    const worn = createMemoryIndex()
    const fresh = createMemoryIndex()
    const things = ['heron', 'piano', 'ladder', 'violin', 'kettle', 'anchor', 'saddle']
    const texts = Array.from({ length: 300 }, (_, at) => `The ${things[at % 7]} of house ${at}`)
    const put = (index: typeof worn, at: number, text: string) =>
      index.put(
        memory(`m${at}`, text, {
          tsMs: at * 1_000,
          conversationId: `c${at % 9}`,
          speaker: at % 3 ? undefined : 'Ada',
          vectors: [Float32Array.of(Math.sin(at), Math.cos(at))],
        }),
      )
    for (let at = 0; at < 300; at++) put(worn, at, 'something else entirely')
    for (let at = 299; at >= 0; at--) put(worn, at, texts[at]!)
    for (let at = 0; at < 300; at += 2) worn.remove(`m${at}`)
    for (let at = 1; at < 300; at += 2) put(fresh, at, texts[at]!)
    expect(worn.memories).toBe(fresh.memories)
    expect(worn.speakers()).toEqual(fresh.speakers())
    for (const text of ['the heron of house 8', 'violin', 'house 17', 'Ada']) {
      const query = {
        text,
        embedding: Float32Array.of(1, 0),
        at: new Date(0),
        limit: 20,
        scoreThreshold: 0,
      }
      expect(rank(worn, query)).toEqual(rank(fresh, query))
    }
    expect(worn.bytes).toBeLessThan(fresh.bytes * 3)
  })

  it('refuses vectors of another dimension or number, and adds nothing then', () => {
    const index = createMemoryIndex()
    index.put(memory('a', 'one', { vectors: [Float32Array.of(1, 0)] }))
    expect(() => index.put(memory('b', 'two', { vectors: [Float32Array.of(1, 0, 0)] }))).toThrow(
      RangeError,
    )
    expect(() => index.put(memory('b', 'two', { vectors: [] }))).toThrow(RangeError)
    expect(index.memories).toBe(1)
  })

  it('names the speakers whose words are still here', () => {
    const index = createMemoryIndex()
    index.put(memory('a', 'one', { speaker: 'Tove' }))
    index.put(memory('b', 'two', { speaker: 'Idris' }))
    index.put(memory('c', 'three'))
    expect(index.speakers()).toEqual(['Tove', 'Idris'])
    index.remove('a')
    expect(index.speakers()).toEqual(['Idris'])
  })

  it('grows with what it holds', () => {
    const index = createMemoryIndex()
    const empty = index.bytes
    for (let at = 0; at < 100; at++) index.put(memory(`m${at}`, `Word${at} and word${at + 1}`))
    expect(index.bytes).toBeGreaterThan(empty + 100 * 100)
  })

  it('takes a long text in passages', () => {
    const index = createMemoryIndex()
    const text = `${'The weather was fine again. '.repeat(60)}The heron came back.`
    expect(passages(text).length).toBeGreaterThan(1)
    index.put(memory('long', text))
    for (let at = 0; at < 20; at++) index.put(memory(`m${at}`, `The weather of day ${at}.`))
    expect(idsFor(index, 'When did the heron come back?')[0]).toBe('long')
  })
})

describe('neighbours', () => {
  function around({ columns }: ReturnType<typeof createMemoryIndex>, id: string) {
    const slot = columns.slotOf.get(id)!
    return [columns.ids[columns.before[slot]!], columns.ids[columns.after[slot]!]]
  }

  it('stand next to each other in time, in whatever order they came', () => {
    const index = createMemoryIndex()
    for (const [id, hour] of [
      ['c', 3],
      ['a', 1],
      ['d', 4],
      ['b', 2],
    ] as const) {
      index.put(memory(id, id, { tsMs: hour * HOUR_MS, conversationId: 'talk' }))
    }
    expect(around(index, 'b')).toEqual(['a', 'c'])
    expect(around(index, 'a')).toEqual([undefined, 'b'])
    expect(around(index, 'd')).toEqual(['c', undefined])
  })

  it('close up when one between them goes', () => {
    const index = createMemoryIndex()
    for (const [at, id] of ['a', 'b', 'c'].entries()) {
      index.put(memory(id, id, { tsMs: at * 1_000, conversationId: 'talk' }))
    }
    index.remove('b')
    expect(around(index, 'a')).toEqual([undefined, 'c'])
    expect(around(index, 'c')).toEqual(['a', undefined])
    index.remove('c')
    expect(around(index, 'a')).toEqual([undefined, undefined])
  })

  it('are not those of another conversation, of another day, or of none', () => {
    const index = createMemoryIndex()
    index.put(memory('a', 'a', { tsMs: 0, conversationId: 'talk' }))
    index.put(memory('b', 'b', { tsMs: 1, conversationId: 'other' }))
    index.put(memory('c', 'c', { tsMs: 2 }))
    index.put(memory('d', 'd', { tsMs: 3 }))
    index.put(memory('e', 'e', { tsMs: 24 * HOUR_MS, conversationId: 'talk' }))
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      expect(around(index, id)).toEqual([undefined, undefined])
    }
  })
})
