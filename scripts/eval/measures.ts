/** One question, asked once. */
export interface Answer {
  readonly results: readonly Result[]
  readonly evidence: ReadonlySet<string>
}

export interface Result {
  /** The turn's id in the data. */
  readonly turn: string
  readonly score: number
  readonly characters: number
  readonly supersededBy?: string | undefined
}

/** Share of the evidence among the first `k` results. */
export function recallAt(k: number, { results, evidence }: Answer): number {
  return found(results.slice(0, k), evidence) / evidence.size
}

/** Of a cut answer. An empty one has precision 0: it was a question for this user. */
export function precisionOf({ results, evidence }: Answer): number {
  return results.length === 0 ? 0 : found(results, evidence) / results.length
}

export function f1Of({ results, evidence }: Answer): number {
  return (2 * found(results, evidence)) / (results.length + evidence.size)
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / (values.length || 1)
}

/** Half the width of the 95 % interval of a mean, by 1,000 resamples that are the same in every run. */
export function halfWidth(values: readonly number[]): number {
  let state = 12_345
  const means: number[] = []
  for (let sample = 0; sample < 1_000; sample++) {
    let sum = 0
    for (let at = 0; at < values.length; at++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      sum += values[Math.floor((state / 2 ** 32) * values.length)]!
    }
    means.push(sum / values.length)
  }
  means.sort((a, b) => a - b)
  return (means[974]! - means[25]!) / 2
}

/** How the scores of one tenth compare with how often they were right. */
export interface CalibrationBin {
  readonly count: number
  readonly meanScore: number
  readonly right: number
}

/** The ten tenths of the scores, of which some may be empty. */
export function calibrationCurve(answers: readonly Answer[]): CalibrationBin[] {
  const bins = Array.from({ length: 10 }, () => ({ count: 0, scores: 0, right: 0 }))
  for (const { results, evidence } of answers) {
    for (const { score, turn } of results) {
      const bin = bins[Math.min(9, Math.floor(score * 10))]!
      bin.count++
      bin.scores += score
      if (evidence.has(turn)) bin.right++
    }
  }
  return bins.map(({ count, scores, right }) => ({
    count,
    meanScore: scores / (count || 1),
    right: right / (count || 1),
  }))
}

/** Mean distance between score and share that was right, over all scores. */
export function calibrationError(curve: readonly CalibrationBin[]): number {
  const total = curve.reduce((sum, { count }) => sum + count, 0)
  const distance = curve.map((bin) => bin.count * Math.abs(bin.meanScore - bin.right))
  return distance.reduce((sum, value) => sum + value, 0) / (total || 1)
}

function found(results: readonly Result[], evidence: ReadonlySet<string>): number {
  return results.filter(({ turn }) => evidence.has(turn)).length
}
