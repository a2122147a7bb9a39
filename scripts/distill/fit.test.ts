import { describe, expect, it } from 'vitest'
import { createWordPiece } from '../../lib/models/builtin/wordpiece.ts'
import { type TokenizedTexts, tokenize } from './corpus.ts'
import { fitRows, lossAndGradient, meanCosine } from './fit.ts'
import { createMatrix, normalizeRows } from './matrix.ts'
import { createRandom } from './random.ts'
import { findBasis, project, startRows, sumRows } from './start.ts'

const DIMENSION = 6
const PIECES = 40

const randomRows = (count: number, seed: number) => {
  const random = createRandom(seed)
  return Float32Array.from({ length: count * DIMENSION }, () => random() - 0.5)
}

/** Texts of 3 to 7 random pieces, and as targets the unit sums of hidden rows, which a fit should find again. */
function madeUp(count: number): { texts: TokenizedTexts; targets: Float32Array } {
  const random = createRandom(11)
  const pieces: number[] = []
  const offsets = new Int32Array(count + 1)
  for (let text = 0; text < count; text++) {
    const length = 3 + Math.floor(random() * 5)
    for (let i = 0; i < length; i++) pieces.push(Math.floor(random() * PIECES))
    offsets[text + 1] = pieces.length
  }
  const texts = { count, pieces: Int32Array.from(pieces), offsets }
  const sums = sumRows(
    randomRows(PIECES, 3),
    DIMENSION,
    texts,
    Array.from({ length: count }, (_, i) => i),
  )
  normalizeRows(sums)
  return { texts, targets: Float32Array.from(sums.values) }
}

describe('the fit', () => {
  it('has the gradient of its loss', () => {
    const random = createRandom(5)
    const values = () => Float64Array.from({ length: 5 * DIMENSION }, () => random() - 0.5)
    const start = values()
    const targets = createMatrix(5, DIMENSION, values())
    normalizeRows(targets)
    const lossAt = (numbers: Float64Array) =>
      lossAndGradient(createMatrix(5, DIMENSION, numbers.slice()), targets)
    const { gradient } = lossAt(start)
    for (const [i, slope] of gradient.values.entries()) {
      const [more, less] = [start.slice(), start.slice()]
      more[i]! += 1e-6
      less[i]! -= 1e-6
      expect(slope).toBeCloseTo((lossAt(more).loss - lossAt(less).loss) / 2e-6, 6)
    }
  })

  it('counts both what turns a text from its target and what turns two texts apart', () => {
    const targets = createMatrix(2, 2, Float64Array.of(1, 0, 0, 1))
    const loss = (...values: number[]) =>
      lossAndGradient(createMatrix(2, 2, Float64Array.from(values)), targets).loss
    expect(loss(3, 0, 0, 2)).toBeCloseTo(0, 12)
    // Both texts at 45 degrees: 1 - cosine is 1 - √½, and of 4 pairs the two unlike ones are off by 1.
    expect(loss(1, 1, 1, 1)).toBeCloseTo(1 - Math.SQRT1_2 + (30 * 2) / 4, 12)
  })

  it('learns rows that were hidden, the same ones each time, and shows it on texts held back', () => {
    const { texts, targets } = madeUp(600)
    const fit = () => {
      const noise = randomRows(PIECES, 99)
      const rows = randomRows(PIECES, 3).map((x, i) => x + noise[i]!)
      const cosines = [meanCosine(rows, targets, DIMENSION, texts, 500)]
      fitRows(rows, targets, texts, {
        dimension: DIMENSION,
        trainCount: 500,
        epochs: 20,
        batchTexts: 50,
        seed: 1,
        onEpoch: (_, now) => cosines.push(meanCosine(now, targets, DIMENSION, texts, 500)),
      })
      return { rows, cosines }
    }
    const { rows, cosines } = fit()
    expect(cosines).toHaveLength(21)
    expect(cosines[0]).toBeLessThan(0.8)
    expect(cosines[20]).toBeGreaterThan(0.95)
    expect(fit().rows).toEqual(rows)
  })
})

describe('the start', () => {
  it('turns the teacher into the directions that hold most of it', () => {
    // Rows lie in the plane of the second and third axis, mostly along the third.
    const teacher = Float32Array.from([0, 1, 5, 0, -1, 5, 0, 1, 4, 0, 0, 7].map((x) => x / 10))
    const basis = findBasis(teacher, 3, 2)
    expect(Math.abs(basis.values[4]!)).toBeGreaterThan(0.99)
    const projected = project(teacher, basis)
    for (let row = 0; row < 4; row++) {
      expect(Math.hypot(projected[row * 2]!, projected[row * 2 + 1]!)).toBeCloseTo(1, 6)
    }
  })

  it('is nearer to the targets than the teacher’s own rows, by its one map', () => {
    const { texts, targets } = madeUp(600)
    const hidden = randomRows(PIECES, 3)
    // What the teacher says of the pieces alone: the hidden rows with their axes turned around.
    const pieces = hidden.map((_, i) => -hidden[i - (i % DIMENSION) + ((i + 1) % DIMENSION)]!)
    const rows = startRows(pieces, targets, DIMENSION, texts)
    expect(meanCosine(pieces, targets, DIMENSION, texts, 0)).toBeLessThan(0.2)
    expect(meanCosine(rows, targets, DIMENSION, texts, 0)).toBeGreaterThan(0.9)
  })
})

it('reads as many pieces of a text as the teacher does', () => {
  const wordPiece = createWordPiece('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ntea\n')
  const { pieces, offsets } = tokenize(['tea tea', '', 'tea '.repeat(300)], wordPiece)
  expect([...offsets]).toEqual([0, 2, 2, 256])
  expect(pieces).toHaveLength(256)
})
