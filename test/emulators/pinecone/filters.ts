import { refuse } from './errors.ts'
import type { Metadata, MetadataValue } from './records.ts'

/** True for the metadata that a filter lets through. */
export type Predicate = (metadata: Metadata) => boolean

type Scalar = string | number | boolean

/**
 * Pinecone's filter language: `$eq $ne $gt $gte $lt $lte $in $nin $exists $and $or`, a bare value for
 * `$eq`, several fields for `$and`. A list of strings equals each of its strings. A record without the
 * field matches nothing but `$exists: false`, `$ne` and `$nin` included. Throws a 400 for anything else.
 * Source: Pinecone docs, "Filter by metadata"; deepset-ai/haystack-core-integrations#590 for `$ne`.
 */
export function compileFilter(filter: unknown): Predicate {
  if (!isObject(filter)) throw refuse('The filter must be an object')
  const clauses = Object.entries(filter).map(([key, condition]) => {
    if (key === '$and') return every(compileList(key, condition))
    if (key === '$or') return some(compileList(key, condition))
    if (key.startsWith('$')) throw refuse(`${key} is not a valid operator here`)
    return compileField(key, condition)
  })
  return every(clauses)
}

function compileList(operator: string, list: unknown): Predicate[] {
  if (!Array.isArray(list) || list.length === 0) {
    throw refuse(`the ${operator} operator must be followed by a list of filters`)
  }
  return list.map(compileFilter)
}

function compileField(field: string, condition: unknown): Predicate {
  if (!isObject(condition)) return compileOperator(field, '$eq', condition)
  const operators = Object.entries(condition)
  if (operators.length === 0) throw refuse(`the field ${field} has no condition`)
  return every(operators.map(([operator, value]) => compileOperator(field, operator, value)))
}

function compileOperator(field: string, operator: string, wanted: unknown): Predicate {
  const present = (test: (value: MetadataValue) => boolean): Predicate => {
    return (metadata) => {
      const value = metadata[field]
      return value !== undefined && test(value)
    }
  }
  const bound = (test: (value: number, limit: number) => boolean): Predicate => {
    if (typeof wanted !== 'number') throw refuse(`the ${operator} operator takes a number`)
    return present((value) => typeof value === 'number' && test(value, wanted))
  }
  switch (operator) {
    case '$eq':
    case '$ne': {
      const scalar = asScalar(operator, wanted)
      return present((value) => holds(value, scalar) === (operator === '$eq'))
    }
    case '$in':
    case '$nin': {
      if (!Array.isArray(wanted)) throw refuse(`the ${operator} operator takes a list of values`)
      const scalars = new Set(wanted.map((each) => asScalar(operator, each)))
      return present((value) => holdsAny(value, scalars) === (operator === '$in'))
    }
    case '$gt':
      return bound((value, limit) => value > limit)
    case '$gte':
      return bound((value, limit) => value >= limit)
    case '$lt':
      return bound((value, limit) => value < limit)
    case '$lte':
      return bound((value, limit) => value <= limit)
    case '$exists':
      if (typeof wanted !== 'boolean') throw refuse('the $exists operator takes true or false')
      return (metadata) => (metadata[field] !== undefined) === wanted
    default:
      throw refuse(`${operator} is not a valid operator`)
  }
}

function asScalar(operator: string, value: unknown): Scalar {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  throw refuse(`the ${operator} operator takes a string, a number or a boolean`)
}

const holds = (value: MetadataValue, wanted: Scalar) =>
  Array.isArray(value) ? value.includes(wanted) : value === wanted

const holdsAny = (value: MetadataValue, wanted: ReadonlySet<Scalar>) =>
  Array.isArray(value) ? value.some((each) => wanted.has(each)) : wanted.has(value as Scalar)

const every =
  (predicates: readonly Predicate[]): Predicate =>
  (metadata) =>
    predicates.every((predicate) => predicate(metadata))

const some =
  (predicates: readonly Predicate[]): Predicate =>
  (metadata) =>
    predicates.some((predicate) => predicate(metadata))

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
