/**
 * Scores above their mean in units of their standard deviation; the rest are 0. So the words and the
 * vectors of a question, whose raw scores have nothing in common, can be added: an arm that finds nothing
 * remarkable adds nothing. Turns without a score (NaN) get 0 and do not count.
 */
export function calibrated(scores: Float32Array, isCounted: Uint8Array): Float32Array {
  const { mean, deviation } = moments(scores, isCounted)
  const calibrated = new Float32Array(scores.length)
  if (!(deviation > 0)) return calibrated
  for (let turn = 0; turn < scores.length; turn++) {
    const score = (scores[turn]! - mean) / deviation
    if (score > 0 && (isCounted[turn]! & 1) === 1) calibrated[turn] = score
  }
  return calibrated
}

export function moments(
  scores: Float32Array,
  isCounted: Uint8Array,
): { count: number; mean: number; deviation: number } {
  let count = 0
  let sum = 0
  let squares = 0
  for (let turn = 0; turn < scores.length; turn++) {
    const score = scores[turn]!
    if ((isCounted[turn]! & 1) === 0 || Number.isNaN(score)) continue
    count++
    sum += score
    squares += score * score
  }
  if (count === 0) return { count, mean: 0, deviation: 0 }
  const mean = sum / count
  return { count, mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) }
}
