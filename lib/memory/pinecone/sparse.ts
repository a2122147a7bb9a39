import { B, K1 } from '../ranking/lexical.ts'
import { countTerms } from '../ranking/passage-terms.ts'
import { terms } from '../terms.ts'

/** Words as Pinecone holds them: a number for each term, and how much it weighs. */
export interface SparseValues {
  readonly indices: number[]
  readonly values: number[]
}

/** Stands in for a user's mean length of a passage, which nobody knows here; it costs nothing (docs/recall.md). */
export const MEAN_LENGTH = 30

/** More entries than this are refused. Source: Pinecone docs, "Limits". */
const MOST_ENTRIES = 2_048

/** What BM25 makes of each term of a passage but for how rare it is; undefined for a passage without any. */
export function sparsePassage(
  said: { readonly speaker?: string | undefined; readonly tsMs: number },
  passage: string,
): SparseValues | undefined {
  const { counts, length } = countTerms(said, passage)
  const norm = K1 * (1 - B + (B * length) / MEAN_LENGTH)
  return sparseOf([...counts].map(([term, count]) => [term, (count * (K1 + 1)) / (count + norm)]))
}

/** A question's terms, all alike: how rare each is is reckoned from what comes back. Undefined for none. */
export function sparseQuestion(text: string): SparseValues | undefined {
  const distinct = [...new Set(terms(text))]
  return sparseOf(distinct.map((term) => [term, 1 / distinct.length]))
}

function sparseOf(weighted: readonly (readonly [string, number])[]): SparseValues | undefined {
  const byIndex = new Map<number, number>()
  for (const [term, weight] of weighted) {
    const index = hashOf(term)
    // Two terms under one number: the heavier stands for both.
    byIndex.set(index, Math.max(weight, byIndex.get(index) ?? 0))
  }
  if (byIndex.size === 0) return undefined
  const entries = [...byIndex].sort((a, b) => b[1] - a[1]).slice(0, MOST_ENTRIES)
  return { indices: entries.map(([index]) => index), values: entries.map(([, value]) => value) }
}

const encoder = new TextEncoder()

/** FNV-1a in 32 bits, over UTF-8. Source: draft-eastlake-fnv. */
export function hashOf(term: string): number {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(term)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
