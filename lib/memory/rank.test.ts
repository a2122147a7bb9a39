import { describe, expect, it } from 'vitest'
import { createMemoryIndex, type IndexedMemory } from './memory-index.ts'
import { createRank, rank } from './rank.ts'
import type { RecallQuery } from './recall.ts'
import { scoreFrom } from './ranking/score.ts'

const DAY_MS = 24 * 3_600_000
const NOW = new Date('2025-06-18T10:00:00Z')

/** Memories of one user in order, a day apart, in one sitting each unless told. */
function indexOf(memories: readonly (string | Partial<IndexedMemory>)[]) {
  const index = createMemoryIndex()
  for (const [at, given] of memories.entries()) {
    const memory = typeof given === 'string' ? { text: given } : given
    index.put({
      id: `m${at}`,
      text: '',
      tsMs: NOW.getTime() - (memories.length - at) * DAY_MS,
      role: 'user',
      tags: [],
      source: 'chat',
      ...memory,
    })
  }
  return index
}

const ask = (text: string, more: Partial<RecallQuery> = {}): RecallQuery => ({
  text,
  at: NOW,
  limit: 5,
  ...more,
})

const FILLER = [
  'bread',
  'trains',
  'chess',
  'rain',
  'paint',
  'shoes',
  'maps',
  'salt',
  'wool',
  'clocks',
].map((thing) => `Yesterday there was something about ${thing} on the radio.`)

describe('rank', () => {
  it('finds a memory by its words, and the newer of two that are equal first', () => {
    const index = indexOf([...FILLER, 'The heron is back.', 'The heron is back.'])
    const found = rank(index, ask('Is the heron back?'))
    expect(found.map(({ id }) => id)).toEqual(['m11', 'm10'])
  })

  it('finds by meaning what shares no word', () => {
    const near = Float32Array.of(1, 0, 0)
    const far = Float32Array.of(0, 1, 0)
    const index = indexOf([
      ...FILLER.map((text) => ({ text, vectors: [far] })),
      { text: 'My poodle snores.', vectors: [near] },
    ])
    const byWords = rank(index, ask('Which pet do I own?'))
    expect(byWords).toEqual([])
    const byMeaning = rank(index, ask('Which pet do I own?', { embedding: near }))
    expect(byMeaning.map(({ id }) => id)).toEqual(['m10'])
  })

  it('falls back on words where an embedding has another dimension', () => {
    const index = indexOf([
      ...FILLER,
      { text: 'The heron is back.', vectors: [Float32Array.of(1, 0)] },
    ])
    const found = rank(index, ask('heron', { embedding: Float32Array.of(0, 1, 0) }))
    expect(found[0]?.id).toBe('m10')
  })

  it('answers a question of which nothing is known with nothing', () => {
    const index = indexOf([...FILLER, 'My sister keeps bees.'])
    expect(rank(index, ask('Who won the regatta in Valparaíso?'))).toEqual([])
    expect(rank(index, ask('?!'))).toEqual([])
    expect(rank(createMemoryIndex(), ask('Anything?'))).toEqual([])
  })

  it('answers nothing to a limit of 0, and never more than the limit', () => {
    const index = indexOf(Array.from({ length: 30 }, (_, at) => `Heron number ${at}`))
    expect(rank(index, ask('heron', { limit: 0 }))).toEqual([])
    expect(rank(index, ask('heron', { limit: 3, scoreThreshold: 0 }))).toHaveLength(3)
    expect(rank(index, ask('heron', { limit: 50, scoreThreshold: 0 }))).toHaveLength(30)
  })

  it('never answers what is excluded, nor lets it weigh', () => {
    const index = indexOf([...FILLER, 'The heron is back.', 'Is the heron back, I wonder.'])
    const found = rank(index, ask('Is the heron back, I wonder.', { exclude: ['m11'] }))
    expect(found.map(({ id }) => id)).toEqual(['m10'])
    const without = rank(
      indexOf([...FILLER, 'The heron is back.']),
      ask('Is the heron back, I wonder.'),
    )
    expect(found[0]!.score).toBeCloseTo(without[0]!.score, 1)
  })

  it('filters by tags inside the search, so that the limit is of those', () => {
    const index = indexOf([
      ...Array.from({ length: 20 }, () => 'The heron stands in the pond.'),
      { text: 'A heron, far away.', tags: ['birds', 'trip'] },
      { text: 'Another heron.', tags: ['trip'] },
    ])
    const found = (tags: string[]) =>
      rank(index, ask('heron', { tags, limit: 2, scoreThreshold: 0 })).map(({ id }) => id)
    expect(found(['birds'])).toEqual(['m20'])
    expect(found(['trip', 'none']).sort()).toEqual(['m20', 'm21'])
    expect(found(['none'])).toEqual([])
  })

  it('finds an answer by the question before it', () => {
    const tsMs = NOW.getTime() - 40 * DAY_MS
    const asked = { text: 'And where did you two meet?', role: 'assistant', tsMs } as const
    const answered = { text: 'In Lisbon, on a tram.', tsMs: tsMs + 1_000 }
    const place = (conversationId: string | undefined, text: string) => {
      const index = indexOf([
        { ...asked, conversationId },
        { ...answered, conversationId },
        ...FILLER,
      ])
      const found = rank(index, ask(text, { scoreThreshold: 0, limit: 20 }))
      return found.findIndex(({ id }) => id === 'm1')
    }
    expect(place('talk', 'Where did we meet?')).toBe(0) // Even where the same was asked.
    expect(place('talk', 'Who remembers where we meet first?')).toBeLessThan(2)
    expect(place(undefined, 'Where did we meet?')).toBe(11)
  })

  it('prefers what the named speaker said', () => {
    const index = indexOf([
      ...FILLER,
      { text: 'Bees are lovely, Tove.', speaker: 'Idris' },
      { text: 'I keep bees.', speaker: 'Tove' },
      { text: 'I keep bees.', speaker: 'Idris' },
    ])
    expect(rank(index, ask('Does Tove keep bees?'))[0]?.id).toBe('m11')
    expect(rank(index, ask('Does Idris keep bees?'))[0]?.id).toBe('m12')
  })

  it('prefers the user to the assistant', () => {
    const index = indexOf([
      ...FILLER,
      { text: 'The heron nests in April.', role: 'user' },
      { text: 'The heron nests in April.', role: 'assistant' },
    ])
    expect(rank(index, ask('When does the heron nest?'))[0]?.id).toBe('m10')
  })

  it('still answers with the statement when the same was asked eleven times', () => {
    const question = 'What do I drink in the morning?'
    const index = indexOf(['I only drink green tea in the morning.', ...FILLER])
    for (let time = 0; time < 11; time++) {
      const found = rank(index, ask(question))
      expect(found.map(({ id }) => id)).toEqual(['m0'])
      const tsMs = NOW.getTime() + time * 60_000
      const conversationId = 'default'
      index.put({
        id: `q${time}`,
        text: question,
        tsMs,
        role: 'user',
        tags: [],
        source: 'chat',
        conversationId,
      })
    }
  })

  it('keeps to the token budget, but always answers with the best', () => {
    const long = `The heron stands in the pond. ${'It is still there. '.repeat(60)}`
    const index = indexOf([...FILLER, long, long, long])
    const tight = createRank({ tokenBudget: 10 })
    expect(tight(index, ask('Where is the heron?'))).toHaveLength(1)
    const wide = createRank({ tokenBudget: 10_000 })
    expect(wide(index, ask('Where is the heron?')).length).toBeGreaterThan(1)
    expect(
      tight(index, ask('Where is the heron?', { scoreThreshold: 0.01 })).length,
    ).toBeGreaterThan(1)
  })

  it('leaves recency off unless it is set', () => {
    const index = indexOf(['The heron is back.', ...FILLER, 'The heron was there.'])
    const query = ask('heron', { scoreThreshold: 0 })
    expect(rank(index, query).every(({ why }) => why['recency'] === 0)).toBe(true)
    const recent = createRank({ recency: { halfLifeDays: 1, weight: 4 } })
    const [first, second] = recent(index, query)
    expect(first?.id).toBe('m11')
    expect(first!.why['recency']).toBeGreaterThan(second!.why['recency']!)
  })

  it('prefers what was said in the time the question speaks of', () => {
    const index = indexOf(['We saw a heron.', ...FILLER, 'We saw a heron.', ...FILLER])
    const days = (from: number, to: number) => ({
      period: { fromMs: NOW.getTime() - from * DAY_MS, toMs: NOW.getTime() - to * DAY_MS },
    })
    const first = (more: Partial<RecallQuery>) =>
      rank(index, ask('When did we see a heron?', more))[0]?.id
    expect(first(days(23, 20))).toBe('m0')
    expect(first(days(12, 9))).toBe('m11')
  })

  it('answers a question about a time alone with what was said then', () => {
    const index = indexOf(['We saw a heron.', ...FILLER])
    const fromMs = NOW.getTime() - 12 * DAY_MS
    const period = { fromMs, toMs: fromMs + DAY_MS, said: 'last week' }
    const found = rank(index, ask('What did I do last week?', { period }))
    expect(found.map(({ id }) => id).sort()).toEqual(
      ['m0', 'm1', 'm2', 'm3'].slice(0, found.length),
    )
    expect(found.length).toBeGreaterThan(0)
  })
})

describe('the score', () => {
  const index = indexOf([
    ...FILLER,
    { text: 'I keep bees on the roof.', conversationId: 'talk', speaker: 'Tove' },
    { text: 'The bees moved to the garden now.', conversationId: 'talk', speaker: 'Tove' },
    { text: 'Where do the bees live?', speaker: 'Idris' },
  ])
  const vectored = indexOf(
    FILLER.map((text, at) => ({ text, vectors: [Float32Array.of(Math.sin(at), Math.cos(at))] })),
  )
  const settings = { recency: { halfLifeDays: 30, weight: 1 } }

  it('recomputes from its parts', () => {
    const queries = [
      ask('Where does Tove keep bees?', { scoreThreshold: 0, limit: 20 }),
      ask('What was on the radio about chess?'),
      ask('radio', { period: { fromMs: 0, toMs: NOW.getTime() }, scoreThreshold: 0 }),
    ]
    for (const query of queries) {
      const found = [
        ...createRank(settings)(index, query),
        ...rank(vectored, { ...query, embedding: Float32Array.of(1, 0) }),
      ]
      expect(found.length).toBeGreaterThan(0)
      for (const { score, why } of found) {
        const { fit, ...parts } = why
        const sum = Object.values(parts).reduce((a, b) => a + b, 0)
        expect(score).toBeCloseTo(fit! / (1 + Math.exp(-sum)), 12)
        expect(score).toBe(scoreFrom(why))
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(1)
      }
    }
  })

  it('falls from one result to the next, where none is a successor', () => {
    const scores = rank(index, ask('bees on the roof', { limit: 20, scoreThreshold: 0 }))
      .filter(({ why }) => why['successor'] === undefined)
      .map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  })

  it('means about the same among a few memories and among many', () => {
    const scoreAmong = (count: number) => {
      const others = Array.from({ length: count }, (_, at) => `Note ${at} of ${FILLER[at % 10]}`)
      const found = rank(
        indexOf([...others, 'I keep bees on the roof.']),
        ask('Where do I keep bees?'),
      )
      return found[0]!.score
    }
    const scores = [10, 100, 1_000, 5_000].map(scoreAmong)
    expect(Math.max(...scores) - Math.min(...scores)).toBeLessThan(0.35)
    expect(Math.min(...scores)).toBeGreaterThan(0.5)
  })
})
