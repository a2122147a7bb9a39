import { AsyncLocalStorage } from 'node:async_hooks'
import { faultOf, UpstreamFault } from '../../upstream/fault.ts'
import type { CallTerms, UpstreamFetch } from '../../upstream/upstream-fetch.ts'

/**
 * What the SDK keeps from its callers: the headers of an answer, and whether a 200 was an answer at all. Each call
 * runs in a context of its own, in which the fetch that the SDK was given leaves what it received.
 */
export interface Calls {
  /** For the SDK's `fetchApi`. */
  readonly fetch: typeof globalThis.fetch
  /** Rejects with an `UpstreamFault`, whatever the SDK made of it. */
  run<T>(work: () => Promise<T>, terms?: CallTerms): Promise<{ result: T; answer: Answer }>
  /** For what only its reader can see: an answer with status 200 that was none. Throws. */
  nonsense(): never
}

export interface Answer {
  /** Log sequence number that a write was given; undefined where the answer has none. */
  readonly requestLsn: number | undefined
  /** Writes up to this number are seen by this read. */
  readonly indexedLsn: number | undefined
  /** The body as it came. */
  json(): Promise<unknown>
}

interface Context {
  readonly fetch: UpstreamFetch
  response: Response | undefined
}

export function createCalls(upstream: UpstreamFetch): Calls {
  const contexts = new AsyncLocalStorage<Context>()

  function nonsense(code = 'UNEXPECTED_ANSWER'): never {
    const fault = new UpstreamFault(upstream.name, 'nonsense', { code })
    upstream.failed(fault)
    throw fault
  }

  return {
    nonsense,
    async fetch(input, init) {
      const context = contexts.getStore()
      const response = await (context?.fetch ?? upstream)(input, init)
      if (context) context.response = response
      return response
    },
    async run(work, terms) {
      const context: Context = {
        fetch: terms ? upstream.under(terms) : upstream,
        response: undefined,
      }
      try {
        const result = await contexts.run(context, work)
        return { result, answer: answerOf(context.response) }
      } catch (error) {
        terms?.signal?.throwIfAborted()
        // A parser's error may quote what it read, so only its name goes on.
        throw faultOf(error) ?? nonsense(error instanceof Error ? error.name : typeof error)
      }
    },
  }
}

/** The SDK answers some calls, such as listing an empty namespace, without any request. */
function answerOf(response: Response | undefined): Answer {
  const lsn = (name: string) => {
    const value = response?.headers.get(name) ?? undefined
    return value === undefined ? undefined : Number(value)
  }
  return {
    get requestLsn() {
      return lsn('x-pinecone-request-lsn')
    },
    get indexedLsn() {
      return lsn('x-pinecone-max-indexed-lsn')
    },
    json: async () => (response ? response.json() : undefined),
  }
}
