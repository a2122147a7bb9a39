import { NONE, type Columns } from './columns.ts'

/** Cosine of the question to every passage; NaN where no embedder made a vector. */
export function passageCosines(columns: Columns, embedding: Float32Array): Float32Array {
  const { matrix, dimension, passages, hasVector } = columns
  const cosines = new Float32Array(passages)
  const whole = dimension - (dimension % 4)
  for (let passage = 0, row = 0; passage < passages; passage++, row += dimension) {
    if (hasVector[passage] === 0) {
      cosines[passage] = NaN
      continue
    }
    // Four sums at once: one alone would wait for each addition before the next.
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    for (let at = 0; at < whole; at += 4) {
      a += matrix[row + at]! * embedding[at]!
      b += matrix[row + at + 1]! * embedding[at + 1]!
      c += matrix[row + at + 2]! * embedding[at + 2]!
      d += matrix[row + at + 3]! * embedding[at + 3]!
    }
    for (let at = whole; at < dimension; at++) a += matrix[row + at]! * embedding[at]!
    cosines[passage] = a + b + (c + d)
  }
  return cosines
}

export interface DenseScores {
  /** Cosine of the turn's best passage; NaN where it has no vector. */
  readonly own: Float32Array
  /** Half that, half the cosine of the turn read together with the one before it. */
  readonly blended: Float32Array
}

/**
 * An answer carries its question: "In Lisbon" is near nothing, "Where did you two meet?" and "In Lisbon"
 * together are. Costs no second embedding: the length of the sum of the two vectors stands in the index.
 * Recall@10 +2.4 on beam-100k, +0.6 to +0.9 on locomo and prefeval, -0.9 on beam-500k.
 */
export function denseScores(columns: Columns, cosines: Float32Array, blend: boolean): DenseScores {
  const own = new Float32Array(columns.slots).fill(NaN)
  for (let passage = 0; passage < columns.passages; passage++) {
    const turn = columns.owner[passage]!
    if (turn === NONE) continue
    const cosine = cosines[passage]!
    // A comparison with NaN is false, so the first real cosine replaces it.
    if (!(own[turn]! >= cosine) && !Number.isNaN(cosine)) own[turn] = cosine
  }
  if (!blend) return { own, blended: own }
  const blended = own.slice()
  for (let turn = 0; turn < columns.slots; turn++) {
    const length = columns.pairLength[turn]!
    const before = columns.before[turn]!
    if (length <= 0 || before === NONE || (columns.flags[turn]! & 1) === 0) continue
    const first = cosines[columns.firstPassage[turn]!]!
    const last = cosines[columns.firstPassage[before + 1]! - 1]!
    blended[turn] = (own[turn]! + (first + last) / length) / 2
  }
  return { own, blended }
}
