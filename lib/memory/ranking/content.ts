import { vectorOf, type Columns } from './columns.ts'
import { countTerms } from './passage-terms.ts'

/** Distinct terms, by number. */
export type Content = ReadonlySet<number>

/** What a turn, or one passage of it, says itself: its terms without its day and speaker. */
export function contentOf(columns: Columns, turn: number, passage?: number): Content {
  const first = passage ?? columns.firstPassage[turn]!
  const end = passage === undefined ? columns.firstPassage[turn + 1]! : passage + 1
  const speaker = columns.speakerNames[columns.speaker[turn]! - 1]
  const about = countTerms({ speaker, tsMs: columns.tsMs[turn]! }, '').counts
  const content = new Set<number>()
  for (let p = first; p < end; p++) {
    for (let at = columns.forwardStart[p]!; at < columns.forwardStart[p + 1]!; at++) {
      const term = columns.forward[at]! >> 6
      const aboutIt = about.get(columns.termTexts[term]!) ?? 0
      if ((columns.forward[at]! & 63) > aboutIt) content.add(term)
    }
  }
  return content
}

/** Cosine of the two nearest passages of two turns or, where either has no vector, the likeness of their words. */
export function nearness(columns: Columns, a: number, b: number): number {
  let nearest = -1
  for (let p = columns.firstPassage[a]!; p < columns.firstPassage[a + 1]!; p++) {
    for (let r = columns.firstPassage[b]!; r < columns.firstPassage[b + 1]!; r++) {
      const cosine = cosineOf(columns, p, r)
      if (cosine !== undefined && cosine > nearest) nearest = cosine
    }
  }
  return nearest === -1 ? likenessOfWords(contentOf(columns, a), contentOf(columns, b)) : nearest
}

function cosineOf(columns: Columns, p: number, r: number): number | undefined {
  const first = vectorOf(columns, p)
  const second = vectorOf(columns, r)
  if (first === undefined || second === undefined) return undefined
  let dot = 0
  for (let at = 0; at < first.length; at++) dot += first[at]! * second[at]!
  return dot
}

function likenessOfWords(a: Content, b: Content): number {
  let shared = 0
  for (const term of a) if (b.has(term)) shared++
  return shared / Math.sqrt(Math.max(1, a.size * b.size))
}
