import { upstreamError, UpstreamFault, faultOf } from '../upstream/fault.ts'
import { UpstreamError } from '../errors.ts'
import type { UpstreamFetch } from '../upstream/upstream-fetch.ts'
import type { Embedder } from './embedder.ts'
import { BATCH_TEXTS, embedInBatches } from './embedding-batches.ts'
import { embedderName } from '../embedding-models.ts'
import { checkHuggingFaceToken, huggingFaceRemedy, loadHuggingFaceSdk } from './huggingface.ts'

export interface HuggingFaceEmbedderOptions {
  readonly token: string
  readonly model: string
  readonly dimension: number
  /** `embeddings` of `createHuggingFaceFetches`. */
  readonly fetch: UpstreamFetch
}

export interface HuggingFaceEmbedder extends Embedder {
  /** Loads the SDK, has it look the model up and opens connections; nothing is embedded. Never rejects. */
  warm(connections?: number): Promise<void>
}

/** Embeds by Hugging Face's own provider. Connects to nothing until it is asked. */
export function createHuggingFaceEmbedder(
  options: HuggingFaceEmbedderOptions,
): HuggingFaceEmbedder {
  const { token, model, dimension, fetch } = options
  checkHuggingFaceToken(token)

  async function extract(texts: readonly string[], callFetch: typeof globalThis.fetch) {
    const { featureExtraction } = await loadHuggingFaceSdk()
    const request = {
      accessToken: token,
      model,
      provider: 'hf-inference' as const, // Left to choose, the SDK takes whichever provider is listed first.
      inputs: [...texts],
      truncate: true, // Else a text that is too long for the model fails its whole batch.
    }
    return featureExtraction(request, { fetch: callFetch, retry_on_error: false })
  }

  return {
    name: embedderName(model),
    dimension,
    free: false,
    async embed(texts, signal) {
      signal?.throwIfAborted()
      // The SDK passes no signal to the look-up of the model; the fetch knows it anyway.
      const callFetch = signal ? fetch.under({ signal }) : fetch
      try {
        return await embedInBatches(texts, {
          upstream: fetch.name,
          dimension,
          batchTexts: BATCH_TEXTS,
          ask: (batch) => extract(batch, callFetch),
        })
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        const failure = explain(error, fetch.name, model)
        const fault = faultOf(failure)
        if (fault?.kind === 'nonsense') fetch.failed(fault)
        throw failure
      }
    },
    async warm(connections) {
      await Promise.all([fetch.warm(connections), lookUp(extract, fetch)])
    },
  }
}

/** Lets the SDK look up who serves the model, which it does once, and stops before the call that would be billed. */
async function lookUp(
  extract: (texts: readonly string[], callFetch: typeof globalThis.fetch) => Promise<unknown>,
  fetch: UpstreamFetch,
): Promise<void> {
  const stopped = new Error('Looked up; nothing is to be embedded.')
  const lookUpOnly: typeof globalThis.fetch = async (input, init) => {
    if (init?.method === 'POST') throw stopped
    return fetch(input, init)
  }
  await extract(['warm'], lookUpOnly).catch(() => {}) // The first call looks again.
}

function explain(error: unknown, upstream: string, model: string): UpstreamError {
  const isUnserved = error instanceof Error && error.name === 'InputError'
  const known = isUnserved ? new UpstreamFault(upstream, 'status', { statusCode: 404 }) : error
  return upstreamError(upstream, known, huggingFaceRemedy(model, 'HF_EMBEDDING_MODEL'))
}
