import { embedText } from './static-embedder.ts'
import type { StaticTable } from './static-table.ts'

export interface WordNeighbour {
  /** Lower case, letters only, as the vocabulary has it. */
  readonly word: string
  /** Of the two words' vectors, 0.5 to 1. */
  readonly cosine: number
}

/** Words that mean about the same, by the static table. */
export interface WordNeighbours {
  /**
   * At most 20 words of the vocabulary whose vectors have a cosine of 0.5 or more with the word's, best first, without the
   * word itself; one in 250 of them, of those barely near enough, is missed (docs/embedders.md). Empty for what is not one
   * word of letters.
   */
  nearest(word: string): readonly WordNeighbour[]
}

/** Prepares itself when first asked, some 20 ms; then a new word takes 0.4 ms and one of the last thousand nothing. */
export function createWordNeighbours(table: StaticTable): WordNeighbours {
  const known = new Map<string, readonly WordNeighbour[]>()
  let words: Words | undefined
  return {
    nearest(word) {
      const key = word.toLowerCase()
      let found = known.get(key)
      if (found === undefined) {
        if (!IS_WORD.test(key) || table.wordPiece.encode(key, MOST_PIECES + 1).length > MOST_PIECES)
          return []
        words ??= collectWords(table)
        found = search(table, words, key)
        if (known.size >= KEPT_WORDS) known.delete(known.keys().next().value ?? '')
      } else {
        known.delete(key)
      }
      known.set(key, found)
      return found
    },
  }
}

const LEAST_COSINE = 0.5
const MOST_NEIGHBOURS = 20
const KEPT_WORDS = 1_000
/** "Snowboarding" has two. */
const MOST_PIECES = 2
/** One word of letters. Scripts without spaces are left out: their characters, alone in the vocabulary, are no words. */
const IS_WORD = /^(?!.*[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}])\p{L}+$/u

/**
 * The candidates. A full comparison with all of them takes 2 ms, so that a signature, one bit a dimension, goes before it: vectors
 * 60 degrees apart differ in a third of their signs, strangers in half.
 */
interface Words {
  readonly ids: Int32Array
  /** What makes a row of cells a vector of length 1. */
  readonly factors: Float32Array
  /** `signatureInts` numbers a word: bit j tells whether cell j is above 0. */
  readonly signatures: Int32Array
}

const signatureInts = (dimension: number) => Math.ceil(dimension / 32)

/** Two words whose signs differ in a larger share are not compared. At 56 of 128 the scan is 6 times faster than without. */
const MOST_DIFFERENT_SIGNS = 56 / 128

function collectWords({ rows, dimension, cells, wordPiece }: StaticTable): Words {
  const ids: number[] = []
  for (let id = 0; id < rows; id++) {
    const piece = wordPiece.piece(id)
    if (piece.length > 1 && IS_WORD.test(piece)) ids.push(id)
  }
  const factors = new Float32Array(ids.length)
  const ints = signatureInts(dimension)
  const signatures = new Int32Array(ids.length * ints)
  for (let i = 0; i < ids.length; i++) {
    const first = ids[i]! * dimension
    let square = 0
    for (let j = first; j < first + dimension; j++) square += cells[j]! * cells[j]!
    factors[i] = square === 0 ? 0 : 1 / Math.sqrt(square)
    writeSignature(cells, first, dimension, signatures, i * ints)
  }
  return { ids: Int32Array.from(ids), factors, signatures }
}

function writeSignature(
  numbers: Int8Array | Float32Array,
  from: number,
  dimension: number,
  into: Int32Array,
  at: number,
) {
  for (let j = 0; j < dimension; j++) {
    if (numbers[from + j]! > 0) into[at + (j >> 5)]! |= 1 << (j & 31)
  }
}

function search(table: StaticTable, words: Words, word: string): readonly WordNeighbour[] {
  const { dimension, cells, wordPiece } = table
  const { ids, factors, signatures } = words
  const vector = embedText(table, word)
  const ints = signatureInts(dimension)
  const signature = new Int32Array(ints)
  writeSignature(vector, 0, dimension, signature, 0)
  const most = dimension * MOST_DIFFERENT_SIGNS
  const found: WordNeighbour[] = []
  for (let i = 0; i < ids.length; i++) {
    let different = 0
    for (let k = 0; k < ints; k++) {
      different += countBits(signatures[i * ints + k]! ^ signature[k]!)
    }
    if (different > most) continue
    let dot = 0
    let cell = ids[i]! * dimension
    for (let j = 0; j < dimension; j++) dot += vector[j]! * cells[cell++]!
    const cosine = dot * factors[i]!
    if (cosine < LEAST_COSINE) continue
    const candidate = wordPiece.piece(ids[i]!)
    if (candidate !== word) found.push({ word: candidate, cosine: Math.min(1, cosine) })
  }
  return found.sort((a, b) => b.cosine - a.cosine).slice(0, MOST_NEIGHBOURS)
}

/** How many bits of a 32-bit number are set. Source: Warren, Hacker's Delight, 5-1. */
function countBits(int: number): number {
  let x = int - ((int >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  x = (x + (x >>> 4)) & 0x0f0f0f0f
  return Math.imul(x, 0x01010101) >>> 24
}
