import type { TokenizedTexts } from './corpus.ts'
import { type Matrix, multiply, multiplyTransposed, normalizeRows } from './matrix.ts'
import { createRandom, shuffle } from './random.ts'
import { sumRows, takeRows } from './start.ts'

export interface FitOptions {
  readonly dimension: number
  /** Texts 0 to `trainCount` - 1 are learned from; the others are held back. */
  readonly trainCount: number
  readonly epochs: number
  readonly batchTexts: number
  readonly seed: number
  /** Called after each epoch with the rows as they are then. */
  readonly onEpoch?: (epoch: number, rows: Float32Array) => void
}

/**
 * Moves `rows`, in place, until the unit sum of a text's rows is near its target (`targets`, unit rows of `dimension`). The
 * loss of a batch is in `lossAndGradient`; Adam moves only the rows that the batch has touched, by a rate that falls to 0.
 */
export function fitRows(
  rows: Float32Array,
  targets: Float32Array,
  texts: TokenizedTexts,
  options: FitOptions,
) {
  const { dimension, trainCount, epochs, batchTexts } = options
  const random = createRandom(options.seed)
  const order = Int32Array.from({ length: trainCount }, (_, i) => i)
  const batches = Math.floor(trainCount / batchTexts)
  const adam = createAdam(rows, dimension)
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random)
    for (let batch = 0; batch < batches; batch++) {
      const which = order.subarray(batch * batchTexts, (batch + 1) * batchTexts)
      const sums = sumRows(rows, dimension, texts, which)
      const { gradient } = lossAndGradient(sums, pickRows(targets, dimension, which))
      const progress = (epoch * batches + batch) / (epochs * batches)
      adam.step(texts, which, gradient, RATE * 0.5 * (1 + Math.cos(Math.PI * progress)))
    }
    options.onEpoch?.(epoch + 1, rows)
  }
}

/**
 * The loss of a batch and its gradient with respect to each text's sum of rows: the mean of 1 - cosine to the target, plus
 * `RELATIONAL_WEIGHT` times the mean squared difference between the cosines of all pairs of texts and those of their targets.
 *
 * With S and Y the unit rows, the squared differences sum to |SᵀS|² - 2 |YᵀS|² + |YᵀY|² and their gradient is
 * 4 (S SᵀS - Y YᵀS): two small matrices, and never the large one of all pairs.
 */
export function lossAndGradient(sums: Matrix, targets: Matrix): { loss: number; gradient: Matrix } {
  const { rows: count, columns, values } = sums
  const lengths = normalizeRows(sums)
  const own = multiplyTransposed(sums, sums)
  const cross = multiplyTransposed(targets, sums)
  const pairs =
    squareSum(own) - 2 * squareSum(cross) + squareSum(multiplyTransposed(targets, targets))
  const gradient = multiply(sums, own)
  const pull = multiply(targets, cross)
  const pairFactor = (4 * RELATIONAL_WEIGHT) / (count * count)
  let cosines = 0
  for (let row = 0; row < count; row++) {
    const from = row * columns
    let along = 0
    for (let j = from; j < from + columns; j++) {
      cosines += values[j]! * targets.values[j]!
      const slope =
        pairFactor * (gradient.values[j]! - pull.values[j]!) - targets.values[j]! / count
      gradient.values[j] = slope
      along += slope * values[j]!
    }
    // Only what turns the unit row counts: the sum's length does not.
    const length = lengths[row]! || Infinity
    for (let j = from; j < from + columns; j++) {
      gradient.values[j] = (gradient.values[j]! - along * values[j]!) / length
    }
  }
  return { loss: 1 - cosines / count + (RELATIONAL_WEIGHT * pairs) / (count * count), gradient }
}

/** The mean cosine between the unit sums of the texts from `from` on and their targets. */
export function meanCosine(
  rows: Float32Array,
  targets: Float32Array,
  dimension: number,
  texts: TokenizedTexts,
  from: number,
): number {
  const which = Array.from({ length: texts.count - from }, (_, i) => from + i)
  const sums = sumRows(rows, dimension, texts, which)
  normalizeRows(sums)
  const wanted = takeRows(targets, dimension, from, texts.count)
  return sums.values.reduce((sum, x, i) => sum + x * wanted.values[i]!, 0) / which.length
}

const RATE = 0.02
const RELATIONAL_WEIGHT = 30

const squareSum = ({ values }: Matrix) => values.reduce((sum, x) => sum + x * x, 0)

function pickRows(values: Float32Array, columns: number, which: Int32Array): Matrix {
  const picked = new Float64Array(which.length * columns)
  for (const [i, row] of which.entries()) {
    picked.set(values.subarray(row * columns, (row + 1) * columns), i * columns)
  }
  return { rows: which.length, columns, values: picked }
}

/** Adam with the usual constants (Kingma, Ba 2015), on the touched rows alone. */
function createAdam(rows: Float32Array, dimension: number) {
  const means = new Float32Array(rows.length)
  const squares = new Float32Array(rows.length)
  const slopes = new Float64Array(rows.length)
  const isTouched = new Uint8Array(rows.length / dimension)
  let steps = 0
  return {
    step(texts: TokenizedTexts, which: Int32Array, gradient: Matrix, rate: number) {
      steps++
      const touched: number[] = []
      for (const [i, text] of which.entries()) {
        for (let k = texts.offsets[text]!; k < texts.offsets[text + 1]!; k++) {
          const id = texts.pieces[k]!
          if (isTouched[id] === 0) touched.push(id)
          isTouched[id] = 1
          for (let j = 0; j < dimension; j++) {
            slopes[id * dimension + j]! += gradient.values[i * dimension + j]!
          }
        }
      }
      const meanShare = 1 - 0.9 ** steps
      const squareShare = 1 - 0.999 ** steps
      for (const id of touched) {
        isTouched[id] = 0
        for (let j = id * dimension; j < (id + 1) * dimension; j++) {
          const slope = slopes[j]!
          slopes[j] = 0
          means[j] = 0.9 * means[j]! + 0.1 * slope
          squares[j] = 0.999 * squares[j]! + 0.001 * slope * slope
          rows[j]! -= (rate * means[j]!) / meanShare / (Math.sqrt(squares[j]! / squareShare) + 1e-8)
        }
      }
    },
  }
}
