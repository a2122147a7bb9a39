import { jsonText, type Reply } from '../reply.ts'
import type { DataPlane } from './data.ts'
import { refuse } from './errors.ts'
import { compileFilter } from './filters.ts'
import type { Namespace } from './namespace.ts'
import { checkId, checkSparse, checkValues, type StoredRecord } from './records.ts'
import { nearest, type ScoredRecord, type Vectors } from './scoring.ts'

const MAX_RESULT_BYTES = 4 * 1024 * 1024

/** The records nearest to a vector, or to the record of an id; dense, or dense and sparse together. */
export function answerQuery(
  plane: DataPlane,
  name: string,
  body: Readonly<Record<string, unknown>>,
): Reply {
  const { index } = plane
  const { topK, filter, includeValues, includeMetadata } = body
  if (typeof topK !== 'number' || !Number.isInteger(topK) || topK < 1 || topK > 10_000) {
    throw refuse(`top_k must be between 1 and 10000, got ${String(topK)}`)
  }
  const namespace = index.namespaces.get(name)
  const records = namespace?.visible(plane.now()) ?? new Map<string, StoredRecord>()
  const query = parseVectors(body, records, index)
  const matches = filter === undefined ? undefined : compileFilter(filter)
  const candidates = matches
    ? [...records.values()].filter(({ metadata }) => matches(metadata ?? {}))
    : records.values()
  const found = query ? nearest(candidates, query, index.metric, topK) : []
  const shown = found.map((each) =>
    matchJson(each, includeValues === true, includeMetadata === true),
  )
  const result = `{"matches":[${shown.join(',')}],"namespace":${JSON.stringify(name)},"usage":{"readUnits":1}}`
  if (Buffer.byteLength(result) > MAX_RESULT_BYTES) {
    throw refuse(`The result of the query exceeds the limit of ${MAX_RESULT_BYTES} bytes`)
  }
  return jsonText(200, result, { 'x-pinecone-max-indexed-lsn': `${indexedLsn(namespace)}` })
}

const indexedLsn = (namespace: Namespace | undefined) => namespace?.indexedLsn ?? 0

function parseVectors(
  { id, vector, sparseVector }: Readonly<Record<string, unknown>>,
  records: ReadonlyMap<string, StoredRecord>,
  { dimension, metric }: DataPlane['index'],
): Vectors | undefined {
  if (id !== undefined) {
    if (vector !== undefined || sparseVector !== undefined) {
      throw refuse('Cannot provide both ID and vector at the same time')
    }
    return records.get(checkId(id))
  }
  // An index holds sparse values whatever its metric is; only a query finds out.
  if (sparseVector !== undefined && metric !== 'dotproduct') {
    throw refuse('Index configuration does not support sparse values')
  }
  if (vector === undefined) throw refuse('A query of a dense index must have a dense vector')
  return {
    values: checkValues(vector, dimension),
    sparseValues: sparseVector === undefined ? undefined : checkSparse(sparseVector),
  }
}

/** Written by hand: the metadata is JSON already, and most of a result is metadata. */
function matchJson(
  { record, score }: ScoredRecord,
  withValues: boolean,
  withMetadata: boolean,
): string {
  const { id, values, sparseValues, metadataJson } = record
  const parts = [
    `"id":${JSON.stringify(id)}`,
    `"score":${score}`,
    `"values":${withValues ? JSON.stringify([...values]) : '[]'}`,
  ]
  if (withValues && sparseValues) parts.push(`"sparseValues":${JSON.stringify(sparseValues)}`)
  if (withMetadata && metadataJson !== undefined) parts.push(`"metadata":${metadataJson}`)
  return `{${parts.join(',')}}`
}
