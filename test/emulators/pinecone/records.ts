import { refuse } from './errors.ts'

export type MetadataValue = string | number | boolean | readonly string[]
export type Metadata = Readonly<Record<string, MetadataValue>>
export type Metric = 'cosine' | 'dotproduct' | 'euclidean'

export interface SparseValues {
  readonly indices: readonly number[]
  readonly values: readonly number[]
}

/** A record as the index holds it: 32-bit values, metadata also as the JSON that is sent back. */
export interface StoredRecord {
  readonly id: string
  readonly values: Float32Array
  readonly sparseValues: SparseValues | undefined
  readonly metadata: Metadata | undefined
  readonly metadataJson: string | undefined
}

/** As it stands in a request. */
export interface GivenRecord {
  readonly id?: unknown
  readonly values?: unknown
  readonly sparseValues?: unknown
  readonly metadata?: unknown
}

export const MAX_METADATA_BYTES = 40_960
const MAX_SPARSE_ENTRIES = 2_048
const SMALLEST_MAGNITUDE = 1e-8

/** Takes a record of an upsert, or refuses it as the service does. */
export function toRecord(given: GivenRecord, dimension: number): StoredRecord {
  const id = checkId(given.id)
  if (given.values === undefined) {
    throw refuse(`Vector ${id} has no dense values, and the index is dense`)
  }
  const metadata = given.metadata === undefined ? undefined : checkMetadata(given.metadata, id)
  return {
    id,
    values: checkValues(given.values, dimension),
    sparseValues: given.sparseValues === undefined ? undefined : checkSparse(given.sparseValues),
    metadata,
    metadataJson: metadata && JSON.stringify(metadata),
  }
}

/** 1 to 512 characters of ASCII without NUL. */
export function checkId(id: unknown): string {
  if (typeof id !== 'string' || id === '') throw refuse('Vector ID must be a non-empty string')
  if (!isAscii(id)) throw refuse(`Vector ID must be ASCII, but got '${id}'`)
  if (id.length > 512) throw refuse(`Vector ID must not be longer than 512, got ${id.length}`)
  return id
}

/** Without NUL. */
export const isAscii = (text: string) => /^\p{ASCII}*$/u.test(text) && !text.includes('\0')

export function checkValues(values: unknown, dimension: number): Float32Array {
  if (!isNumbers(values)) throw refuse('Invalid value: expected a list of finite numbers')
  if (values.length !== dimension) {
    throw refuse(
      `Vector dimension ${values.length} does not match the dimension of the index ${dimension}`,
    )
  }
  if (values.every((value) => Math.abs(value) < SMALLEST_MAGNITUDE)) {
    throw refuse('Dense vectors must contain at least one non-zero value')
  }
  return Float32Array.from(values)
}

export function checkSparse(sparse: unknown): SparseValues {
  const { indices, values } = (sparse ?? {}) as Record<string, unknown>
  if (!isNumbers(indices) || !isNumbers(values)) {
    throw refuse('Sparse values must have indices and values')
  }
  if (indices.length !== values.length) {
    throw refuse('Sparse indices and values must have the same length')
  }
  if (indices.length === 0 || indices.length > MAX_SPARSE_ENTRIES) {
    throw refuse(`Sparse values must have 1 to ${MAX_SPARSE_ENTRIES} entries`)
  }
  if (indices.some((index) => !Number.isInteger(index) || index < 0 || index > 0xff_ff_ff_ff)) {
    throw refuse('Sparse indices must be unsigned 32-bit integers')
  }
  if (new Set(indices).size !== indices.length) throw refuse('Sparse indices must be unique')
  return { indices, values: values.map(Math.fround) }
}

/** String, number, boolean or list of strings, 40 KB in all, no name that starts with `$`. */
export function checkMetadata(metadata: unknown, id: string): Metadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw refuse(`Metadata of vector ${id} must be an object`)
  }
  for (const [field, value] of Object.entries(metadata)) {
    if (field.startsWith('$')) throw refuse(`Metadata field '${field}' must not start with '$'`)
    if (isMetadataValue(value)) continue
    throw refuse(
      'Metadata value must be a string, number, boolean or list of strings, ' +
        `got '${JSON.stringify(value)}' for field '${field}'`,
    )
  }
  const bytes = Buffer.byteLength(JSON.stringify(metadata))
  if (bytes > MAX_METADATA_BYTES) {
    throw refuse(
      `Metadata size is ${bytes} bytes, which exceeds the limit of ${MAX_METADATA_BYTES} bytes per vector`,
    )
  }
  return metadata as Metadata
}

function isMetadataValue(value: unknown): value is MetadataValue {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string')
  return ['string', 'number', 'boolean'].includes(typeof value)
}

const isNumbers = (list: unknown): list is number[] =>
  Array.isArray(list) && list.every((each) => typeof each === 'number')
