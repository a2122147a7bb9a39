import type { Metric, SparseValues, StoredRecord } from './records.ts'

export interface ScoredRecord {
  readonly record: StoredRecord
  readonly score: number
}

export interface Vectors {
  readonly values: Float32Array
  readonly sparseValues: SparseValues | undefined
}

/**
 * The `topK` records nearest to a query, nearest first, equals by id. cosine and dotproduct: more is
 * nearer; euclidean: the squared distance, less is nearer. dotproduct adds the dot products of the dense
 * and of the sparse parts. Scores are exact, in 32 bits.
 */
export function nearest(
  records: Iterable<StoredRecord>,
  query: Vectors,
  metric: Metric,
  topK: number,
): ScoredRecord[] {
  const score = scorer(query, metric)
  const scored: ScoredRecord[] = []
  for (const record of records) scored.push({ record, score: Math.fround(score(record)) })
  const direction = metric === 'euclidean' ? 1 : -1
  const candidates = scored.length > 4 * topK ? withinTop(scored, topK, direction) : scored
  candidates.sort((a, b) => direction * (a.score - b.score) || (a.record.id < b.record.id ? -1 : 1))
  return candidates.slice(0, topK)
}

function scorer({ values, sparseValues }: Vectors, metric: Metric) {
  if (metric === 'euclidean') {
    return (record: StoredRecord) => {
      let sum = 0
      for (let i = 0; i < values.length; i++) sum += (values[i]! - record.values[i]!) ** 2
      return sum
    }
  }
  if (metric === 'cosine') {
    const queryLength = Math.sqrt(dot(values, values))
    return ({ values: other }: StoredRecord) =>
      dot(values, other) / (queryLength * Math.sqrt(dot(other, other)))
  }
  const weights = new Map(sparseValues?.indices.map((index, i) => [index, sparseValues.values[i]!]))
  return (record: StoredRecord) => dot(values, record.values) + dotSparse(weights, record)
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function dotSparse(weights: ReadonlyMap<number, number>, { sparseValues }: StoredRecord): number {
  if (weights.size === 0 || !sparseValues) return 0
  const { indices, values } = sparseValues
  let sum = 0
  for (let i = 0; i < indices.length; i++) sum += (weights.get(indices[i]!) ?? 0) * values[i]!
  return sum
}

/** Sorting numbers to find the bar, and then the few that reach it, is cheaper than sorting all records. */
function withinTop(scored: ScoredRecord[], topK: number, direction: number): ScoredRecord[] {
  const scores = Float64Array.from(scored, ({ score }) => direction * score).sort()
  const bar = scores[topK - 1]!
  return scored.filter(({ score }) => direction * score <= bar)
}
