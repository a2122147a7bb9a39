import { randomBytes } from 'node:crypto'
import type { Emulator, EmulatorOptions } from './emulator.ts'
import type { Answerer, ChatSettings } from './hugging-face/chat.ts'
import { endpointContract, routerContract, teiContract } from './hugging-face/contract.ts'
import { handleEndpoint } from './hugging-face/endpoint.ts'
import { endpointFailure, routerFailure, teiFailure } from './hugging-face/errors.ts'
import { usualModels, type Model, type Models } from './hugging-face/models.ts'
import { handleRouter, type RouterSettings } from './hugging-face/router.ts'
import { handleTei } from './hugging-face/tei.ts'
import { createServiceHost } from './server.ts'

export interface HuggingFaceEmulatorOptions extends EmulatorOptions {
  /** The only token that is let in. Default: random, and like every real one it begins with `hf_`. */
  readonly token?: string
  /** Models beside the usual ones, or in place of them by name. */
  readonly models?: Models
  /** Key of the two servers that are not Hugging Face's; undefined (the default) lets everybody in. */
  readonly endpointToken?: string
  /** What the model says; default: the first quoted line of the prompt, or that it does not know. */
  readonly reply?: Answerer
  readonly timeToFirstTokenMs?: number
  readonly msPerToken?: number
}

/** The hub and the router behind one port, and on two more an OpenAI-shaped and a text-embeddings-inference server. */
export interface HuggingFaceEmulator extends Emulator {
  /** Of the hub and of the router. */
  readonly url: string
  readonly token: string
  /** Base URL of the OpenAI-shaped server, without /v1: `HF_ENDPOINT_URL`. */
  readonly endpointUrl: string
  /** Base URL of the text-embeddings-inference server; it embeds at /embed: `HF_EMBEDDING_ENDPOINT_URL`. */
  readonly embeddingEndpointUrl: string
  /** Where the origins that the SDK knows are to be sent instead. */
  readonly origins: Readonly<Record<HuggingFaceOrigin, string>>
  /** The same URL with its origin changed as `origins` says; others are left alone. */
  rewrite(url: string | URL): string
  /** Can be changed at any time. */
  readonly settings: HuggingFaceSettings
  /** Can be changed at any time: adds a model, or replaces it. */
  setModel(id: string, model: Model): void
}

export type HuggingFaceOrigin = 'https://router.huggingface.co' | 'https://huggingface.co'

export interface HuggingFaceSettings extends ChatSettings, RouterSettings {
  latencyMs: number
}

const EMBEDDING_DIMENSION = 384

export async function startHuggingFaceEmulator(
  options: HuggingFaceEmulatorOptions = {},
): Promise<HuggingFaceEmulator> {
  const { token = `hf_${randomBytes(17).toString('hex')}`, endpointToken } = options
  const settings: HuggingFaceSettings = {
    latencyMs: options.latencyMs ?? 0,
    reply: options.reply,
    timeToFirstTokenMs: options.timeToFirstTokenMs ?? 0,
    msPerToken: options.msPerToken ?? 0,
    deltas: 'sparse',
    events: 'plain',
    embeddings: 'flat',
    modelAnswer: 'bare',
  }
  const models: Record<string, Model> = { ...usualModels, ...options.models }
  const host = createServiceHost(options, settings)
  const [url, endpointUrl, embeddingEndpointUrl] = await Promise.all([
    host.open({
      contract: routerContract(),
      handle: (request, call) => handleRouter({ token, models, settings }, request, call),
      failure: routerFailure,
    }),
    host.open({
      contract: endpointContract(),
      handle: (request, call) => handleEndpoint({ token: endpointToken, settings }, request, call),
      failure: endpointFailure,
    }),
    host.open({
      contract: teiContract(),
      handle: (request) =>
        handleTei({ token: endpointToken, dimension: EMBEDDING_DIMENSION }, request),
      failure: teiFailure,
    }),
  ])
  const origins = { 'https://router.huggingface.co': url, 'https://huggingface.co': url }

  return {
    ...host.emulator,
    url,
    token,
    endpointUrl,
    embeddingEndpointUrl,
    origins,
    rewrite(given) {
      const { origin, href } = new URL(given)
      const target = (origins as Record<string, string>)[origin]
      return target === undefined ? href : target + href.slice(origin.length)
    },
    settings,
    setModel(id, model) {
      models[id] = model
    },
  }
}
