import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { embedText } from './static-embedder.ts'
import { readStaticTable } from './static-table.ts'
import { createWordNeighbours } from './word-neighbours.ts'

const table = readStaticTable(readFileSync(new URL('static-minilm-128.bin', import.meta.url)))
const neighbours = createWordNeighbours(table)

describe('WordNeighbours', () => {
  it.each([
    ['car', 'automobile'],
    ['daughter', 'niece'],
    ['Dentist', 'teeth'],
    ['snowboarding', 'skiing'],
  ])('finds that %s is near %s', (word, near) => {
    expect(neighbours.nearest(word).map((neighbour) => neighbour.word)).toContain(near)
  })

  it('answers at most 20 other words of letters, best first, each with the cosine of the two', () => {
    for (const word of ['car', 'music', 'running', 'portugal']) {
      const found = neighbours.nearest(word)
      expect(found.length).toBeGreaterThan(3)
      expect(found.length).toBeLessThanOrEqual(20)
      const own = embedText(table, word)
      for (const [i, neighbour] of found.entries()) {
        expect(neighbour.word).toMatch(/^\p{L}{2,}$/u)
        expect(neighbour.word).not.toBe(word)
        const other = embedText(table, neighbour.word)
        expect(neighbour.cosine).toBeCloseTo(
          own.reduce((sum, x, j) => sum + x * other[j]!, 0),
          4,
        )
        expect(neighbour.cosine).toBeGreaterThanOrEqual(0.5)
        expect(neighbour.cosine).toBeLessThanOrEqual(found[i - 1]?.cosine ?? 1)
      }
    }
  })

  it('leaves single letters out', () => {
    const [alpha, letter] = [embedText(table, 'alpha'), embedText(table, 'α')]
    expect(alpha.reduce((sum, x, j) => sum + x * letter[j]!, 0)).toBeGreaterThan(0.5)
    expect(neighbours.nearest('alpha')).not.toContainEqual(expect.objectContaining({ word: 'α' }))
  })

  it('misses hardly any of those that a full comparison finds', () => {
    const words = wholeWords()
    const vectors = words.map((word) => embedText(table, word))
    let wanted = 0
    let missed = 0
    for (let i = 50; i < words.length; i += 601) {
      const cosines = vectors.map((vector) =>
        vector.reduce((sum, x, j) => sum + x * vectors[i]![j]!, 0),
      )
      const near = words.filter((_, k) => k !== i && cosines[k]! >= 0.501)
      if (near.length > 20) continue
      const found = new Set(neighbours.nearest(words[i]!).map(({ word }) => word))
      wanted += near.length
      missed += near.filter((word) => !found.has(word)).length
    }
    expect(wanted).toBeGreaterThan(100)
    expect(missed / wanted).toBeLessThan(0.01)
  })

  it.each(['', 'two words', 'x1', '##ing', '\u{1F375}', '東京', '大学', 'snow'.repeat(11)])(
    'has nothing to say about “%s”',
    (text) => {
      expect(neighbours.nearest(text)).toEqual([])
    },
  )

  it('remembers the last thousand words it was asked for, and no more', () => {
    const fresh = createWordNeighbours(table)
    const [car, music] = [fresh.nearest('car'), fresh.nearest('music')]
    const others = wholeWords().slice(2_000, 2_999)
    for (const word of others.slice(0, 998)) fresh.nearest(word)
    expect(fresh.nearest('CAR')).toBe(car)
    fresh.nearest(others[998]!)
    expect(fresh.nearest('car')).toBe(car)
    expect(fresh.nearest('music')).not.toBe(music)
    expect(fresh.nearest('music')).toEqual(music)
  })
})

function wholeWords(): string[] {
  const words: string[] = []
  for (let id = 0; id < table.rows; id++) {
    const piece = table.wordPiece.piece(id)
    if (/^[a-z]{2,}$/.test(piece)) words.push(piece)
  }
  return words
}
