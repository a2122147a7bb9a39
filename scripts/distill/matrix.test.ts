import { describe, expect, it } from 'vitest'
import {
  createMatrix,
  eigenvectors,
  type Matrix,
  multiply,
  multiplyTransposed,
  normalizeRows,
  solve,
} from './matrix.ts'
import { createRandom } from './random.ts'

const random = createRandom(7)
const randomMatrix = (rows: number, columns: number) =>
  createMatrix(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => random() - 0.5),
  )

function transpose({ rows, columns, values }: Matrix): Matrix {
  const turned = createMatrix(columns, rows)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) turned.values[j * rows + i] = values[i * columns + j]!
  }
  return turned
}

function expectNear(a: Matrix, b: Matrix) {
  expect([a.rows, a.columns]).toEqual([b.rows, b.columns])
  for (const [i, x] of a.values.entries()) expect(x).toBeCloseTo(b.values[i]!, 8)
}

describe('matrices', () => {
  it('multiply', () => {
    const a = createMatrix(2, 5, Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
    const b = createMatrix(5, 2, Float64Array.of(1, 0, 0, 1, 2, 0, 0, 2, 3, 1))
    expect([...multiply(a, b).values]).toEqual([22, 15, 52, 35])
    expectNear(multiplyTransposed(transpose(a), b), multiply(a, b))
    const [wide, tall] = [randomMatrix(7, 9), randomMatrix(9, 6)]
    expectNear(multiplyTransposed(transpose(wide), tall), multiply(wide, tall))
  })

  it('find eigenvectors: orthogonal, the greatest eigenvalue first', () => {
    const half = randomMatrix(20, 12)
    const symmetric = multiplyTransposed(half, half)
    const vectors = eigenvectors(symmetric)
    const identity = createMatrix(12, 12)
    for (let i = 0; i < 12; i++) identity.values[i * 13] = 1
    expectNear(multiplyTransposed(vectors, vectors), identity)
    const turned = multiplyTransposed(vectors, multiply(symmetric, vectors)).values
    const eigenvalues = turned.filter((_, i) => i % 13 === 0)
    expect(eigenvalues.toSorted().toReversed()).toEqual(eigenvalues)
    const diagonal = createMatrix(12, 12)
    for (const [i, x] of eigenvalues.entries()) diagonal.values[i * 13] = x
    expectNear({ rows: 12, columns: 12, values: turned }, diagonal)
  })

  it('solve', () => {
    const half = randomMatrix(9, 6)
    const [symmetric, x] = [multiplyTransposed(half, half), randomMatrix(6, 4)]
    expectNear(solve(symmetric, multiply(symmetric, x)), x)
    expect(() => solve(createMatrix(2, 2), createMatrix(2, 1))).toThrow('not positive definite')
  })

  it('make rows length 1, but for rows of zeros', () => {
    const matrix = createMatrix(2, 2, Float64Array.of(3, 4, 0, 0))
    expect([...normalizeRows(matrix)]).toEqual([5, 0])
    expect([...matrix.values]).toEqual([3 / 5, 4 / 5, 0, 0])
  })
})
