import { type Endpoint, endpointHeaders, endpointRoute } from '../endpoint-address.ts'
import { UpstreamError } from '../errors.ts'
import { faultOf, upstreamError } from '../upstream/fault.ts'
import type { UpstreamFetch } from '../upstream/upstream-fetch.ts'
import type { Embedder } from './embedder.ts'
import { BATCH_TEXTS, embedInBatches } from './embedding-batches.ts'
import { embedderName } from '../embedding-models.ts'
import { endpointRemedy } from './endpoint.ts'

export interface EndpointEmbedderOptions extends Endpoint {
  /** The model that the server runs. Compared with what it says of itself, since other vectors must have another name. */
  readonly model: string
  readonly dimension: number
  /** From `createEmbeddingEndpointFetch`. */
  readonly fetch: UpstreamFetch
}

export interface EndpointEmbedder extends Embedder {
  /** Opens connections and reads what the server says of itself. Never rejects. */
  warm(connections?: number): Promise<void>
}

/** Embeds by a text-embeddings-inference server. Connects to nothing until it is asked. */
export function createEndpointEmbedder(options: EndpointEmbedderOptions): EndpointEmbedder {
  const { model, dimension, fetch } = options
  const headers = { ...endpointHeaders(options), 'content-type': 'application/json' }
  const url = endpointRoute(options, '/embed')
  let batchTexts: number | undefined

  /** How many texts the server takes at once, once it has shown that it runs the right model. */
  const learnBatch = async (callFetch: UpstreamFetch) =>
    (batchTexts ??= await checkServer(options, callFetch))

  async function embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    signal?.throwIfAborted()
    const callFetch = signal ? fetch.under({ signal }) : fetch
    try {
      return await embedInBatches(texts, {
        upstream: fetch.name,
        dimension,
        batchTexts: await learnBatch(callFetch),
        async ask(inputs) {
          // Else a text that is too long for the model fails its whole batch.
          const body = JSON.stringify({ inputs, truncate: true })
          return (await callFetch(url, { method: 'POST', headers, body })).json()
        },
      })
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      const failure = upstreamError(
        fetch.name,
        error,
        endpointRemedy('HF_EMBEDDING_ENDPOINT_TOKEN'),
      )
      const fault = faultOf(failure)
      if (fault?.kind === 'nonsense') fetch.failed(fault)
      throw failure
    }
  }

  return {
    name: embedderName(model),
    dimension,
    free: false,
    embed,
    async warm(connections) {
      await fetch.warm(connections)
      await learnBatch(fetch).catch(() => {}) // It is asked again with the first text.
    },
  }
}

/** What a server says of itself at /info; a server that says nothing is believed. */
interface ServerInfo {
  readonly model_id?: unknown
  readonly max_client_batch_size?: unknown
}

async function checkServer(
  endpoint: EndpointEmbedderOptions,
  fetch: UpstreamFetch,
): Promise<number> {
  let info: ServerInfo
  try {
    const answer = await fetch(endpointRoute(endpoint, '/info'), {
      headers: endpointHeaders(endpoint),
    })
    info = (await answer.json()) as ServerInfo
  } catch (error) {
    if (faultOf(error)?.statusCode === 404) return BATCH_TEXTS
    throw error
  }
  const { model_id: served, max_client_batch_size: most } = info
  if (typeof served === 'string' && !isSameModel(served, endpoint.model)) {
    throw new UpstreamError(
      fetch.name,
      'nonsense',
      `${fetch.name} runs ${served}, but HF_EMBEDDING_MODEL says ${endpoint.model}: make the two agree.`,
    )
  }
  return typeof most === 'number' && most >= 1 ? Math.min(BATCH_TEXTS, most) : BATCH_TEXTS
}

/** A model that was loaded from a folder is known by its path, which says nothing certain. */
const isSameModel = (served: string, model: string) =>
  /^[./~]/.test(served) || served.toLowerCase() === model.toLowerCase()
