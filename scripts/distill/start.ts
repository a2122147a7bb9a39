import type { TokenizedTexts } from './corpus.ts'
import {
  createMatrix,
  eigenvectors,
  type Matrix,
  multiply,
  multiplyTransposed,
  normalizeRows,
  solve,
} from './matrix.ts'

/**
 * The first `dimension` right singular vectors, as columns, of a sample of the teacher's vectors, not centred: the directions that
 * hold most of them, so that the last columns can be cut off later.
 */
export function findBasis(
  teacher: Float32Array,
  teacherDimension: number,
  dimension: number,
): Matrix {
  const sample = takeRows(teacher, teacherDimension, 0, BASIS_TEXTS)
  const vectors = eigenvectors(multiplyTransposed(sample, sample))
  const basis = createMatrix(teacherDimension, dimension)
  for (let row = 0; row < teacherDimension; row++) {
    for (let column = 0; column < dimension; column++) {
      basis.values[row * dimension + column] = vectors.values[row * vectors.columns + column]!
    }
  }
  return basis
}

/** Every row of the teacher's in the basis, length 1. */
export function project(teacher: Float32Array, basis: Matrix): Float32Array {
  const rows = teacher.length / basis.rows
  const projected = new Float32Array(rows * basis.columns)
  for (let from = 0; from < rows; from += CHUNK_ROWS) {
    const product = multiply(takeRows(teacher, basis.rows, from, from + CHUNK_ROWS), basis)
    normalizeRows(product)
    projected.set(product.values, from * basis.columns)
  }
  return projected
}

/**
 * The rows to begin with: what the teacher says of each piece alone, less the commoner it is, then moved by the one linear map
 * that brings the sums nearest to the targets. Their mean length is 1.
 */
export function startRows(
  pieces: Float32Array,
  targets: Float32Array,
  dimension: number,
  texts: TokenizedTexts,
): Float32Array {
  const rows = weighByRarity(pieces, dimension, texts)
  const count = Math.min(MAP_TEXTS, texts.count)
  const sums = sumRows(
    rows,
    dimension,
    texts,
    Array.from({ length: count }, (_, i) => i),
  )
  normalizeRows(sums)
  const square = multiplyTransposed(sums, sums)
  for (let i = 0; i < dimension; i++) square.values[i * dimension + i]! += RIDGE * count
  const map = solve(square, multiplyTransposed(sums, takeRows(targets, dimension, 0, count)))
  const moved = multiply(takeRows(rows, dimension, 0, rows.length / dimension), map)
  const lengths = normalizeRows(createMatrix(moved.rows, dimension, moved.values.slice()))
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  return Float32Array.from(moved.values, (x) => x / mean)
}

/** The sum of each text's rows, one text a row. */
export function sumRows(
  rows: Float32Array,
  dimension: number,
  texts: TokenizedTexts,
  which: ArrayLike<number>,
): Matrix {
  const sums = createMatrix(which.length, dimension)
  for (let i = 0; i < which.length; i++) {
    const text = which[i]!
    for (let k = texts.offsets[text]!; k < texts.offsets[text + 1]!; k++) {
      const row = texts.pieces[k]! * dimension
      for (let j = 0; j < dimension; j++) sums.values[i * dimension + j]! += rows[row + j]!
    }
  }
  return sums
}

/** Rows from `from` to `to`, or to the last, in double precision. */
export function takeRows(values: Float32Array, columns: number, from: number, to: number): Matrix {
  const taken = values.subarray(from * columns, to * columns)
  return createMatrix(taken.length / columns, columns, Float64Array.from(taken))
}

const BASIS_TEXTS = 40_000
const MAP_TEXTS = 20_000
const CHUNK_ROWS = 4_096
/** A rare piece counts in full, one that is this share of all pieces by half. Source: Arora, Liang, Ma 2017, "SIF". */
const HALF_WEIGHT_SHARE = 1e-3
/** Keeps the map defined where a direction is hardly used. */
const RIDGE = 1e-9

function weighByRarity(
  pieces: Float32Array,
  dimension: number,
  texts: TokenizedTexts,
): Float32Array {
  const counts = new Float64Array(pieces.length / dimension).fill(0.5)
  for (const id of texts.pieces) counts[id]! += 1
  const total = texts.pieces.length + counts.length / 2
  return pieces.map((x, i) => {
    const share = counts[Math.floor(i / dimension)]! / total
    return (x * HALF_WEIGHT_SHARE) / (HALF_WEIGHT_SHARE + share)
  })
}
