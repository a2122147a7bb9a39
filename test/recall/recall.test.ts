import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryIndex, type MemoryIndex } from '../../lib/memory/memory-index.ts'
import { passages } from '../../lib/memory/passages.ts'
import { createRank, type Rank, type Ranked } from '../../lib/memory/rank.ts'
import { textToEmbed } from '../../lib/memory/recall.ts'
import { embedText, loadStaticTable } from '../../lib/models/builtin/static-embedder.ts'
import type { StaticTable } from '../../lib/models/builtin/static-table.ts'
import { createWordNeighbours } from '../../lib/models/builtin/word-neighbours.ts'
import { people, type Person } from './set.ts'
import { alike, lifeChanges, othersChanges, type Pair, updates } from './successors.ts'

const TABLE = new URL('../../lib/models/builtin/static-minilm-128.bin', import.meta.url)
const ASKED_AT = new Date('2025-12-01T12:00:00Z')
const DAY_MS = 24 * 3_600_000

let table: StaticTable
let rank: Rank

beforeAll(async () => {
  table = await loadStaticTable(TABLE)
  rank = createRank({ wordNeighbours: createWordNeighbours(table) })
})

/** What the built-in embedder finds at the default cut. */
function ask(index: MemoryIndex, text: string): Ranked[] {
  const embedding = embedText(table, textToEmbed(text, index.speakers()))
  return rank(index, { text, embedding, at: ASKED_AT, limit: 5 })
}

function put(index: MemoryIndex, id: string, said: string, tsMs: number, conversationId?: string) {
  const [, prefix, text] = /^(?:([A-Z][a-z]*): )?(.*)$/s.exec(said)!
  index.put({
    id,
    tsMs,
    text: text!,
    role: prefix === 'A' ? 'assistant' : 'user',
    speaker: prefix === 'A' ? undefined : prefix,
    conversationId,
    tags: [],
    source: 'chat',
    vectors: passages(text!).map((passage) => embedText(table, passage)),
  })
}

function indexOfPerson({ sittings }: Person): MemoryIndex {
  const index = createMemoryIndex()
  for (const { day, alone, turns } of sittings) {
    for (const [at, [id, said]] of Object.entries(turns).entries()) {
      put(index, id, said, Date.parse(day) + at * 60_000, alone ? undefined : day)
    }
  }
  return index
}

/** All pairs as one person's memories: the older halves, months before the newer. */
function indexOfPairs(pairs: readonly Pair[]): MemoryIndex {
  const index = createMemoryIndex()
  for (const [at, { older }] of pairs.entries()) {
    put(index, `older ${at}`, older, Date.parse('2025-01-01') + at * DAY_MS)
  }
  for (const [at, { newer }] of pairs.entries()) {
    put(index, `newer ${at}`, newer, Date.parse('2025-06-01') + at * DAY_MS)
  }
  return index
}

// The floors stand two or three below what was reached when they were set: one change of mind is no alarm.
describe('questions over made-up memories', () => {
  const asked = people.flatMap((person) => {
    const open = lazily(() => indexOfPerson(person))
    return person.questions.map(([text, evidence]) => ({ open, text, evidence }))
  })

  it('are at least 40, with some that deserve no answer', () => {
    expect(asked.length).toBeGreaterThanOrEqual(40)
    expect(asked.filter(({ evidence }) => evidence.length === 0).length).toBeGreaterThanOrEqual(10)
  })

  it('are answered, mostly by the right memory first and by little else', () => {
    const known = asked.filter(({ evidence }) => evidence.length > 0)
    const answers = known.map(({ open, text, evidence }) => {
      const found = ask(open(), text).map(({ id }) => id)
      const right = found.filter((id) => evidence.includes(id)).length
      return {
        isFound: right > 0,
        isFirst: evidence.includes(found[0] ?? ''),
        f1: (2 * right) / (found.length + evidence.length),
        count: found.length,
      }
    })
    expect(answers.filter(({ isFound }) => isFound).length).toBeGreaterThanOrEqual(42) // of 46: 44
    expect(answers.filter(({ isFirst }) => isFirst).length).toBeGreaterThanOrEqual(38) // 40
    expect(mean(answers.map(({ f1 }) => f1))).toBeGreaterThan(0.8) // .86
    expect(mean(answers.map(({ count }) => count))).toBeLessThan(2) // 1.35
  })

  it('get an empty answer where nothing is remembered', () => {
    const unknown = asked.filter(({ evidence }) => evidence.length === 0)
    const empty = unknown.filter(({ open, text }) => ask(open(), text).length === 0)
    expect(empty.length).toBeGreaterThanOrEqual(unknown.length - 1) // all 13
  })

  it('get an empty answer from a stranger\u2019s memories', () => {
    const strangers = people.map((_, at) => indexOfPerson(people[(at + 1) % people.length]!))
    const foreign = people.flatMap((person, at) =>
      person.questions
        .filter(([, evidence]) => evidence.length > 0)
        .map(([text]) => ask(strangers[at]!, text)),
    )
    const empty = foreign.filter((found) => found.length === 0)
    expect(empty.length / foreign.length).toBeGreaterThan(0.8) // .85
  })
})

describe('what makes an older memory outdated', () => {
  it('stands before it, in most of the pairs, even among all the others', () => {
    const index = indexOfPairs([...updates, ...alike])
    const first = updates.map(({ question }, at) => {
      const found = ask(index, question)
      const older = found.findIndex(({ id }) => id === `older ${at}`)
      const newer = found.findIndex(({ id }) => id === `newer ${at}`)
      return newer >= 0 && (older < 0 || newer < older)
    })
    expect(first.filter(Boolean).length).toBeGreaterThanOrEqual(updates.length - 4)
  })

  it('is named by the older one, which stays', () => {
    const marked = updates.filter((pair) => {
      const found = ask(indexOfPairs([pair]), pair.question)
      return found.some(({ id, supersededBy }) => id === 'older 0' && supersededBy === 'newer 0')
    })
    expect(marked.length).toBeGreaterThanOrEqual(updates.length - 5)
  })
})

describe('a new home or job', () => {
  const supersededBy = (pair: Pair) =>
    ask(indexOfPairs([pair]), pair.question).find(({ id }) => id === 'older 0')?.supersededBy

  it.each(lifeChanges)('makes outdated: $older $newer', (pair) => {
    expect(ask(indexOfPairs([pair]), pair.question)[0]?.id).toBe('newer 0')
    expect(supersededBy(pair)).toBe('newer 0')
  })

  it.each(othersChanges)('of somebody else does not: $older $newer', (pair) => {
    expect(supersededBy(pair)).toBeUndefined()
  })
})

describe('what is merely alike', () => {
  it('is at least 30 pairs', () => expect(alike.length).toBeGreaterThanOrEqual(30))

  it.each(alike.map((pair) => [`${pair.older} ${pair.newer}`, pair] as const))(
    'makes nothing outdated: %s',
    (_, pair) => {
      const found = ask(indexOfPairs([pair]), pair.question)
      expect(found.filter(({ supersededBy }) => supersededBy !== undefined)).toEqual([])
      const among = ask(
        indexOfPairs([pair, ...alike.filter((other) => other !== pair)]),
        pair.question,
      )
      expect(among.find(({ id }) => id === 'older 0')?.supersededBy).toBeUndefined()
    },
  )

  it('is found all the same: the pairs would show it if nothing came back', () => {
    const found = alike.filter(
      (pair) => ask(indexOfPairs([pair]), pair.question)[0]?.id === 'older 0',
    )
    expect(found.length).toBeGreaterThanOrEqual(alike.length - 4)
  })
})

function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
