type Column = Int32Array | Float32Array | Float64Array | Uint8Array | Int16Array

/**
 * The column, with room for `length` values. It grows by an eighth: copying is cheap beside what the empty
 * half of a doubled column would cost a process that holds many users.
 */
export function grown<T extends Column>(column: T, length: number): T {
  if (column.length >= length) return column
  const larger = new (column.constructor as new (length: number) => T)(
    Math.max(length, Math.ceil(column.length * 1.125) + 16),
  )
  larger.set(column)
  return larger
}
