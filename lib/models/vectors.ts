/** The sum of vectors at length 1: one vector for a text of several passages. Undefined for none. */
export function unitSum(vectors: readonly Float32Array[]): Float32Array | undefined {
  const [first, ...rest] = vectors
  if (!first || rest.length === 0) return first
  const sum = Float32Array.from(first)
  for (const vector of rest) vector.forEach((value, index) => (sum[index]! += value))
  const length = Math.hypot(...sum)
  return length === 0 ? sum : sum.map((value) => value / length)
}
