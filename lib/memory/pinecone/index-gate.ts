import { Problem } from '../../errors.ts'
import { faultOf, UpstreamFault } from '../../upstream/fault.ts'
import type { Calls } from './calls.ts'
import type { Index, Pinecone } from './sdk.ts'

/** What an index must be, and is made as when it is missing. */
export interface IndexWanted {
  readonly apiKey: string
  /** Of the control plane; undefined for Pinecone's own. */
  readonly controllerUrl?: string | undefined
  readonly name: string
  /** Of AWS. */
  readonly region: string
  readonly dimension: number
  /** Whose vectors it holds; stands in the index's tags. */
  readonly embedderName: string
}

/** The way to the index: made when missing, waited for, checked; nothing is read or written before. */
export interface IndexGate {
  /** The index once it is ready and as it must be. Rejects with an `UpstreamFault` while it is not, with a `WrongIndexError` for good. */
  index(): Promise<Index>
  /** Looks once, now. Rejects as above. */
  check(): Promise<void>
  /** Looks again at the next call, such as after the index's host could not be found. */
  forget(): void
  /** Why it will never do. */
  wrong(): WrongIndexError | undefined
  /** The control plane's list of namespaces and the like is reached by this. */
  close(): void
}

/** The settings and the index do not fit each other: both sides and the remedy. No retry helps. */
export class WrongIndexError extends Problem {
  override readonly name = 'WrongIndexError'
  constructor(detail: string) {
    super(503, 'The Pinecone index cannot be used', detail)
  }
}

/** Pinecone's own is polled every 5 s; being ready takes a serverless index some seconds. */
const POLL_MS = 1_000
/** After an answer that it is not ready, callers are told so for this long before it is asked again. */
const PAUSE_MS = 500

export function createIndexGate(
  wanted: IndexWanted,
  calls: Calls,
  upstreamName: string,
  onWrong: ((error: WrongIndexError) => void) | undefined,
): IndexGate {
  let client: Promise<Pinecone> | undefined
  let open: Index | undefined
  let looking: Promise<Index> | undefined
  let wrong: WrongIndexError | undefined
  let lastFault: { error: unknown; atMs: number } | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  async function look(): Promise<Index> {
    client ??= connect(wanted, calls)
    const pinecone = await client
    const described = (await describe(pinecone)) ?? (await create(pinecone))
    if (!described.status.ready)
      throw new UpstreamFault(upstreamName, 'open', { code: 'NOT_READY' })
    const fault = faultIn(described, wanted)
    if (fault !== undefined) {
      wrong = new WrongIndexError(fault)
      onWrong?.(wrong)
      throw wrong
    }
    if (described.tags?.[EMBEDDER_TAG] === undefined) {
      // Made by hand: from now on it says whose vectors it holds.
      const tags = { [EMBEDDER_TAG]: tagOf(wanted.embedderName) }
      await calls.run(() => pinecone.indexes.configure(wanted.name, { tags }))
    }
    open = pinecone.index({ name: wanted.name, host: described.host.replace(/\/+$/, '') })
    return open
  }

  async function describe(pinecone: Pinecone) {
    try {
      return (await calls.run(() => pinecone.indexes.describe(wanted.name))).result
    } catch (error) {
      if (faultOf(error)?.statusCode === 404) return undefined
      throw error
    }
  }

  async function create(pinecone: Pinecone) {
    const { name, dimension, region, embedderName } = wanted
    try {
      const { result } = await calls.run(() =>
        pinecone.indexes.create({
          name,
          dimension,
          metric: 'dotproduct', // The only one that takes words and vectors in one query.
          spec: { serverless: { cloud: 'aws', region } },
          tags: { [EMBEDDER_TAG]: tagOf(embedderName) },
        }),
      )
      if (result) return result
    } catch (error) {
      // Another process was faster, or an answer was lost after it had been done.
      if (faultOf(error)?.statusCode !== 409) throw error
    }
    return (await calls.run(() => pinecone.indexes.describe(name))).result
  }

  function lookNow(): Promise<Index> {
    looking ??= look()
      .catch((error: unknown) => {
        lastFault = { error, atMs: performance.now() }
        if (!wrong && !isClosed) timer ??= setTimeout(lookLater, POLL_MS).unref()
        throw error
      })
      .finally(() => (looking = undefined))
    return looking
  }

  function lookLater() {
    timer = undefined
    lookNow().catch(() => {}) // It goes on until it is there.
  }

  return {
    async index() {
      if (wrong) throw wrong
      if (open) return open
      if (!looking && lastFault && performance.now() - lastFault.atMs < PAUSE_MS)
        throw lastFault.error
      return lookNow()
    },
    async check() {
      if (wrong) throw wrong
      await lookNow()
    },
    forget() {
      open = undefined
      lastFault = undefined
    },
    wrong: () => wrong,
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

async function connect(wanted: IndexWanted, calls: Calls): Promise<Pinecone> {
  const { Pinecone } = await import('./sdk.ts')
  return new Pinecone({
    apiKey: wanted.apiKey,
    fetchApi: calls.fetch,
    maxRetries: 0, // What may be repeated is known to our own fetch.
    ...(wanted.controllerUrl !== undefined && {
      controllerHostUrl: wanted.controllerUrl.replace(/\/+$/, ''),
    }),
  })
}

const EMBEDDER_TAG = 'embedder'

/** Tags hold few characters. Source: Pinecone docs, "Manage indexes", "Index tags". */
const tagOf = (name: string) => name.replaceAll(/[^A-Za-z0-9;@_\-.+ ]/g, '_').slice(0, 120)

interface Described {
  readonly schema: { readonly fields: object }
  readonly tags?: Readonly<Record<string, string>> | null | undefined
}

/** What is wrong with an index that is there, both sides and the remedy; undefined where it fits. */
function faultIn({ schema, tags }: Described, wanted: IndexWanted): string | undefined {
  const { _values: dense } = schema.fields as {
    _values?: { dimension?: number; metric?: string }
  }
  const { name, dimension, embedderName } = wanted
  const remedy = 'Set PINECONE_INDEX to another name, and an index that fits is made.'
  if (dense === undefined) {
    return `The Pinecone index ${name} holds no dense vectors of our own. ${remedy}`
  }
  if (dense.dimension !== dimension) {
    return `The Pinecone index ${name} has dimension ${dense.dimension}, and ${embedderName} makes vectors of ${dimension}. ${remedy} Or set EMBEDDER to the one that it was made for.`
  }
  if (dense.metric !== 'dotproduct') {
    return `The Pinecone index ${name} has the metric ${dense.metric}, and recall by words and vectors needs dotproduct. ${remedy}`
  }
  const made = tags?.[EMBEDDER_TAG]
  if (made !== undefined && made !== tagOf(embedderName)) {
    return `The Pinecone index ${name} holds vectors of ${made}, and the embedder is ${embedderName}. ${remedy} Or set EMBEDDER to the one that it was made for.`
  }
  return undefined
}
