import { huggingFaceChatProbe, huggingFaceEmbeddingsProbe } from '../free-probes.ts'
import { createConnections } from '../upstream/connections.ts'
import type { UpstreamFault } from '../upstream/fault.ts'
import {
  createUpstreamFetch,
  type UpstreamFetch,
  type UpstreamFetchOptions,
} from '../upstream/upstream-fetch.ts'

export const ROUTER = 'https://router.huggingface.co'
export const HUB = 'https://huggingface.co'

export interface HuggingFaceFetches {
  readonly chat: UpstreamFetch
  readonly embeddings: UpstreamFetch
}

export interface HuggingFaceFetchOptions extends Partial<UpstreamFetchOptions> {
  /** Begins with `hf_`. */
  readonly token: string
  readonly chatModel: string
  readonly embeddingModel: string
}

/**
 * One fetch for chats and one for embeddings: each fails, is left alone and recovers by itself, over connections that they
 * share. The probes are the models' descriptions at the router and at the hub, which cost nothing.
 */
export function createHuggingFaceFetches({
  token,
  chatModel,
  embeddingModel,
  ...options
}: HuggingFaceFetchOptions): HuggingFaceFetches {
  const shared = {
    connections: createConnections(),
    // Neither changes anything: done twice, it costs a little more.
    isRepeatable: () => true,
    ...options,
  }
  return {
    chat: createUpstreamFetch({
      name: 'Hugging Face',
      probe: huggingFaceChatProbe(ROUTER, chatModel, token),
      ...shared,
    }),
    embeddings: createUpstreamFetch({
      name: 'Hugging Face embeddings',
      probe: huggingFaceEmbeddingsProbe(HUB, embeddingModel),
      ...shared,
    }),
  }
}

/** The SDK, loaded when it is first needed, its own log silenced: it names models and providers on stdout. */
export const loadHuggingFaceSdk = () => (sdk ??= loadSilently())

let sdk: Promise<typeof import('./huggingface-sdk.ts')> | undefined

async function loadSilently() {
  const loaded = await import('./huggingface-sdk.ts')
  const ignore = () => {}
  loaded.setLogger({ debug: ignore, info: ignore, warn: ignore, error: ignore, log: ignore })
  return loaded
}

/** What to do where Hugging Face refuses us; `setting` is the one that names the model. */
export function huggingFaceRemedy(model: string, setting: string) {
  return ({ statusCode, code }: UpstreamFault): string | undefined => {
    if (statusCode === 401) return 'The token is refused: check HF_TOKEN.'
    if (statusCode === 402)
      return 'The credit of this account is used up: see its billing settings.'
    if (statusCode === 403) {
      return `This account may not use ${model}: accept its licence at ${HUB}/${model} or choose another ${setting}.`
    }
    if (statusCode === 404 || statusCode === 410 || code === MODEL_NOT_SUPPORTED) {
      return `No provider serves ${model} to this account: choose another ${setting}.`
    }
    return undefined
  }
}

/** How the router says, with status 400, that nobody serves a model. */
export const MODEL_NOT_SUPPORTED = 'model_not_supported'

/** The SDK sends any other token to nobody, and says so only at the first call. */
export function checkHuggingFaceToken(token: string): void {
  if (!token.startsWith('hf_'))
    throw new Error('HF_TOKEN is not a token of Hugging Face: those begin with hf_.')
}
