/** Rows as bytes: cell × scale is the number again, to half a scale. */
export interface QuantizedRows {
  readonly scales: Float32Array
  readonly cells: Int8Array
}

/** The first `kept` of `dimension` columns, each row by its own greatest number. */
export function quantizeRows(rows: Float32Array, dimension: number, kept: number): QuantizedRows {
  const count = rows.length / dimension
  const scales = new Float32Array(count)
  const cells = new Int8Array(count * kept)
  for (let row = 0; row < count; row++) {
    const numbers = rows.subarray(row * dimension, row * dimension + kept)
    const greatest = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
    scales[row] = greatest / 127
    if (greatest === 0) continue
    for (const [j, x] of numbers.entries()) cells[row * kept + j] = Math.round((x * 127) / greatest)
  }
  return { scales, cells }
}
