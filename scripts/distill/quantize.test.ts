import { describe, expect, it } from 'vitest'
import { readStaticTable, writeStaticTable } from '../../lib/models/builtin/static-table.ts'
import { nearness } from './compare.ts'
import { quantizeRows } from './quantize.ts'
import { createRandom } from './random.ts'

describe('quantizing', () => {
  it('keeps the first columns, each number to half a step of its row', () => {
    const random = createRandom(2)
    const rows = Float32Array.from(
      { length: 50 * 8 },
      (_, i) => (random() - 0.5) * (1 + Math.floor(i / 8)),
    )
    rows.fill(0, 0, 8)
    const { scales, cells } = quantizeRows(rows, 8, 5)
    expect(cells).toHaveLength(50 * 5)
    for (const [i, cell] of cells.entries()) {
      const row = Math.floor(i / 5)
      const number = rows[row * 8 + (i % 5)]!
      expect(Math.abs(cell * scales[row]! - number)).toBeLessThanOrEqual(scales[row]! * 0.5001)
    }
    for (let row = 1; row < 50; row++) {
      const most = Math.max(...cells.subarray(row * 5, row * 5 + 5).map((cell) => Math.abs(cell)))
      expect(most).toBe(127)
    }
  })
})

describe('nearness', () => {
  const table = readStaticTable(
    writeStaticTable({
      name: 'tiny',
      version: 1,
      dimension: 2,
      scales: new Float32Array(8).fill(1),
      cells: Int8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 3, 4),
      vocabulary: '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ntea\ncar\ncup\n',
    }),
  )
  const texts = ['tea', 'car', 'cup']

  it('is 1 and 0 for a teacher of the same mind, in whatever axes', () => {
    const same = nearness(table, texts, Float32Array.of(0, -1, 0, 1, 0, 0, 0.8, -0.6, 0))
    expect(same.correlation).toBeCloseTo(1, 6)
    expect(same.difference).toBeCloseTo(0, 6)
  })

  it('falls when the teacher judges otherwise', () => {
    const other = nearness(table, texts, Float32Array.of(1, 0, 0, 1, 0, 0, 0, 0, 1))
    expect(other.correlation).toBeLessThan(0)
    expect(other.difference).toBeCloseTo((1 + 0.6 + 0.8) / 3, 6)
  })
})
