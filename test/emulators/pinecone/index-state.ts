import { refuse } from './errors.ts'
import { Namespace } from './namespace.ts'
import { isAscii, type Metric } from './records.ts'

/** One index and all that is in it. */
export interface IndexState {
  readonly name: string
  readonly dimension: number
  readonly metric: Metric
  readonly cloud: string
  readonly region: string
  tags: Record<string, string> | null
  deletionProtection: string
  /** Until then it is initializing, and shows no schema. */
  readyAtMs: number
  /** Where its data plane is, with the scheme. */
  host: string
  readonly namespaces: Map<string, Namespace>
}

export const DEFAULT_NAMESPACE = '__default__'

/** No name and the empty name mean the default namespace, which everybody shares. */
export function namespaceName(given: unknown): string {
  if (given === undefined || given === '') return DEFAULT_NAMESPACE
  if (typeof given !== 'string') throw refuse('The namespace must be a string')
  if (!isAscii(given)) throw refuse(`Namespace must be ASCII, but got '${given}'`)
  if (given.length > 512) throw refuse(`Namespace must not be longer than 512, got ${given.length}`)
  return given
}

/** A namespace comes into being with its first write, as far as the plan goes. */
export function openNamespace(index: IndexState, name: string, limit: number): Namespace {
  const known = index.namespaces.get(name)
  if (known) return known
  if (index.namespaces.size >= limit) {
    throw refuse(`QUOTA_EXCEEDED: the index has ${limit} namespaces, the most of this plan`, 403)
  }
  const namespace = new Namespace()
  index.namespaces.set(name, namespace)
  return namespace
}
