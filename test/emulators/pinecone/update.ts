import { refuse } from './errors.ts'
import { compileFilter, type Predicate } from './filters.ts'
import {
  checkId,
  checkMetadata,
  checkSparse,
  checkValues,
  type Metadata,
  type SparseValues,
  type StoredRecord,
} from './records.ts'

export interface Update {
  readonly id: string | undefined
  readonly filter: Predicate | undefined
  readonly isDryRun: boolean
  readonly change: Change
}

interface Change {
  readonly values: Float32Array | undefined
  readonly sparseValues: SparseValues | undefined
  /** Is merged into what is there. */
  readonly metadata: Metadata | undefined
}

export function parseUpdate(body: Readonly<Record<string, unknown>>, dimension: number): Update {
  const { id, filter, values, sparseValues, setMetadata, dryRun } = body
  if ((id === undefined) === (filter === undefined)) {
    throw refuse('Exactly one of id and filter must be given')
  }
  if (filter !== undefined && (values !== undefined || sparseValues !== undefined)) {
    throw refuse('Vectors cannot be updated by metadata')
  }
  return {
    id: id === undefined ? undefined : checkId(id),
    filter: filter === undefined ? undefined : compileFilter(filter),
    isDryRun: dryRun === true,
    change: {
      values: values === undefined ? undefined : checkValues(values, dimension),
      sparseValues: sparseValues === undefined ? undefined : checkSparse(sparseValues),
      metadata: setMetadata === undefined ? undefined : checkMetadata(setMetadata, String(id)),
    },
  }
}

export function applyUpdate(record: StoredRecord, change: Change): StoredRecord {
  const metadata = change.metadata ? { ...record.metadata, ...change.metadata } : record.metadata
  return {
    id: record.id,
    values: change.values ?? record.values,
    sparseValues: change.sparseValues ?? record.sparseValues,
    metadata,
    metadataJson: metadata && JSON.stringify(metadata),
  }
}
