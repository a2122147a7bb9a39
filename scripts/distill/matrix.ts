/** Rows one after the other in one array; the sums are made in double precision in a fixed order, so that a run repeats. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float64Array
}

export const createMatrix = (
  rows: number,
  columns: number,
  values = new Float64Array(rows * columns),
): Matrix => ({ rows, columns, values })

/** a · b. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const product = createMatrix(a.rows, b.columns)
  for (let row = 0; row < a.rows; row++) {
    for (let k = 0; k < a.columns; k += 4) {
      addRows(
        product.values,
        row * b.columns,
        b,
        k,
        a.values,
        row * a.columns + k,
        1,
        a.columns - k,
      )
    }
  }
  return product
}

/** aᵀ · b. */
export function multiplyTransposed(a: Matrix, b: Matrix): Matrix {
  const product = createMatrix(a.columns, b.columns)
  for (let k = 0; k < a.rows; k += 4) {
    for (let row = 0; row < a.columns; row++) {
      const at = k * a.columns + row
      addRows(product.values, row * b.columns, b, k, a.values, at, a.columns, a.rows - k)
    }
  }
  return product
}

/** Adds to `into` four rows of `b` from `k` on, or as many as are `left`, each times its factor. */
function addRows(
  into: Float64Array,
  intoAt: number,
  b: Matrix,
  k: number,
  factors: Float64Array,
  factorAt: number,
  factorStep: number,
  left: number,
) {
  const { columns, values } = b
  const first = k * columns
  if (left < 4) {
    for (let n = 0; n < left; n++) {
      const factor = factors[factorAt + n * factorStep]!
      const row = first + n * columns
      for (let j = 0; j < columns; j++) into[intoAt + j]! += factor * values[row + j]!
    }
    return
  }
  const factor0 = factors[factorAt]!
  const factor1 = factors[factorAt + factorStep]!
  const factor2 = factors[factorAt + 2 * factorStep]!
  const factor3 = factors[factorAt + 3 * factorStep]!
  const row1 = first + columns
  const row2 = row1 + columns
  const row3 = row2 + columns
  for (let j = 0; j < columns; j++) {
    into[intoAt + j]! +=
      factor0 * values[first + j]! +
      factor1 * values[row1 + j]! +
      factor2 * values[row2 + j]! +
      factor3 * values[row3 + j]!
  }
}

/**
 * The eigenvectors of a symmetric matrix as columns, that of the greatest eigenvalue first, each with its largest component above 0
 * so that the answer is one and not one of many. By Jacobi's rotations: slow, short and exact.
 */
export function eigenvectors(symmetric: Matrix): Matrix {
  const size = symmetric.rows
  const a = symmetric.values.slice()
  // Vectors are kept as rows while turning: neighbours in memory are turned together.
  const vectors = new Float64Array(size * size)
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1
  while (offDiagonalShare(a, size) > 1e-22) {
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q)
    }
  }
  const order = Array.from({ length: size }, (_, i) => i)
  order.sort((i, j) => a[j * size + j]! - a[i * size + i]!)
  const sorted = createMatrix(size, size)
  for (const [column, i] of order.entries()) {
    const vector = vectors.subarray(i * size, (i + 1) * size)
    let largest = 0
    for (const x of vector) if (Math.abs(x) > Math.abs(largest)) largest = x
    for (let row = 0; row < size; row++) {
      sorted.values[row * size + column] = vector[row]! * Math.sign(largest)
    }
  }
  return sorted
}

function offDiagonalShare(a: Float64Array, size: number): number {
  let off = 0
  let all = 0
  for (let i = 0; i < a.length; i++) {
    const square = a[i]! * a[i]!
    all += square
    if (i % (size + 1) !== 0) off += square
  }
  return all === 0 ? 0 : off / all
}

/** Turns the plane of p and q so that the element between them becomes 0. Source: Golub, Van Loan, Matrix Computations, 8.5. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number) {
  const between = a[p * size + q]!
  if (between === 0) return
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * between)
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let k = 0; k < size; k++) {
    const kp = a[k * size + p]!
    const kq = a[k * size + q]!
    a[k * size + p] = c * kp - s * kq
    a[k * size + q] = s * kp + c * kq
  }
  turnRows(a, size, p, q, c, s)
  turnRows(vectors, size, p, q, c, s)
}

function turnRows(a: Float64Array, size: number, p: number, q: number, c: number, s: number) {
  for (let k = 0; k < size; k++) {
    const pk = a[p * size + k]!
    const qk = a[q * size + k]!
    a[p * size + k] = c * pk - s * qk
    a[q * size + k] = s * pk + c * qk
  }
}

/** x with a · x = b, for a symmetric positive `a`; by Cholesky. Throws where `a` is not. */
export function solve(a: Matrix, b: Matrix): Matrix {
  const size = a.rows
  const lower = createMatrix(size, size)
  const l = lower.values
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a.values[i * size + j]!
      for (let k = 0; k < j; k++) sum -= l[i * size + k]! * l[j * size + k]!
      if (i === j && sum <= 0) throw new RangeError('The matrix is not positive definite.')
      l[i * size + j] = i === j ? Math.sqrt(sum) : sum / l[j * size + j]!
    }
  }
  const x = createMatrix(size, b.columns, b.values.slice())
  for (let column = 0; column < b.columns; column++) {
    for (let i = 0; i < size; i++) {
      let sum = x.values[i * b.columns + column]!
      for (let k = 0; k < i; k++) sum -= l[i * size + k]! * x.values[k * b.columns + column]!
      x.values[i * b.columns + column] = sum / l[i * size + i]!
    }
    for (let i = size - 1; i >= 0; i--) {
      let sum = x.values[i * b.columns + column]!
      for (let k = i + 1; k < size; k++) sum -= l[k * size + i]! * x.values[k * b.columns + column]!
      x.values[i * b.columns + column] = sum / l[i * size + i]!
    }
  }
  return x
}

/** Makes every row length 1, in place, and returns the lengths they had; a row of zeros stays. */
export function normalizeRows({ rows, columns, values }: Matrix): Float64Array {
  const lengths = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    let square = 0
    for (let j = row * columns; j < (row + 1) * columns; j++) square += values[j]! * values[j]!
    const length = Math.sqrt(square)
    lengths[row] = length
    if (length === 0) continue
    for (let j = row * columns; j < (row + 1) * columns; j++) values[j]! /= length
  }
  return lengths
}
