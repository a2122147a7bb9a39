/**
 * The turns with the highest sums, best first; those of -Infinity never. Of equal ones the newer comes first.
 * Keeps a short sorted list instead of sorting thousands of turns for the sake of ten.
 */
export function bestTurns(sums: Float64Array, tsMs: Float64Array, count: number): number[] {
  const found: number[] = []
  let least = -Infinity
  for (let turn = 0; turn < sums.length; turn++) {
    const sum = sums[turn]!
    if (sum < least || sum === -Infinity) continue
    if (found.length === count && !isBefore(turn, found[count - 1]!)) continue
    let low = 0
    let high = found.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(found[middle]!, turn)) low = middle + 1
      else high = middle
    }
    found.splice(low, 0, turn)
    if (found.length > count) found.pop()
    if (found.length === count) least = sums[found[count - 1]!]!
  }
  return found

  function isBefore(a: number, b: number): boolean {
    const difference = sums[a]! - sums[b]!
    return difference === 0 ? tsMs[a]! >= tsMs[b]! : difference > 0
  }
}
