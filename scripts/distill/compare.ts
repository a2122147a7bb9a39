import { embedText } from '../../lib/models/builtin/static-embedder.ts'
import type { StaticTable } from '../../lib/models/builtin/static-table.ts'

/** How alike a table and its teacher judge texts, whatever the dimensions of either. */
export interface Nearness {
  /** Pearson's, between the cosines of all pairs of texts by the one and by the other. */
  readonly correlation: number
  /** The mean of what the two cosines of a pair differ by. */
  readonly difference: number
}

/** `teacher` has a unit row for each text. */
export function nearness(
  table: StaticTable,
  texts: readonly string[],
  teacher: Float32Array,
): Nearness {
  const own = texts.map((text) => embedText(table, text))
  const wide = teacher.length / texts.length
  const theirs = texts.map((_, i) => teacher.subarray(i * wide, (i + 1) * wide))
  let [n, x, y, xx, yy, xy, difference] = [0, 0, 0, 0, 0, 0, 0]
  for (let i = 0; i < texts.length; i++) {
    for (let j = 0; j < i; j++) {
      const a = dot(own[i]!, own[j]!)
      const b = dot(theirs[i]!, theirs[j]!)
      n++
      x += a
      y += b
      xx += a * a
      yy += b * b
      xy += a * b
      difference += Math.abs(a - b)
    }
  }
  const correlation = (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y))
  return { correlation, difference: difference / n }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
