import { type Config, ConfigError, type EmbedderDriver, type GeneratorDriver } from '../config.ts'
import type { UpstreamStatus } from '../upstream/standing.ts'
import type { UpstreamFetch } from '../upstream/upstream-fetch.ts'
import { createBuiltInGenerator } from './builtin-generator.ts'
import { createStaticEmbedder } from './builtin/static-embedder.ts'
import type { StaticTable } from './builtin/static-table.ts'
import type { Embedder } from './embedder.ts'
import { createEmbeddingCache } from './embedding-cache.ts'
import type { Generator } from './generator.ts'
import type { HuggingFaceFetches } from './huggingface.ts'
import { createMiniLmEmbedder, MINILM_EMBEDDER } from './minilm/minilm-embedder.ts'

/** The models that the settings choose, what reaches out loaded only where it is chosen. */
export interface Models {
  readonly embedder: Embedder
  readonly generator: Generator
  /** Of these two, those that Hugging Face runs. */
  readonly usesHuggingFace: readonly ('embedder' | 'generator')[]
  /** Opens their connections, so that the first who asks does not wait for it. Rejects as opening them does. */
  warm(): Promise<void>
  /** How they have done of late; a free probe where nothing has been asked for a while. Never rejects. */
  check(): Promise<{ embedder: UpstreamStatus; generator: UpstreamStatus }>
  /** Texts that were not embedded again since they were known, since this was asked last. */
  readonly takeCacheHits: () => number
  /** Forgets what is kept of texts; how many vectors there were. */
  readonly forget: () => number
}

export interface OpenModelsOptions {
  readonly settings: Config
  readonly table: StaticTable
  /** The embedder that made the vectors which exist; `auto` keeps it where it can. */
  readonly storedEmbedder?: string | undefined
}

/** Some 7 MB at 384 dimensions. */
const CACHED_VECTORS = 4000
/** An embedding and a chat at once, without a handshake. */
const WARM_CONNECTIONS = 2

/** Opens them. Rejects with a ConfigError where a setting is wrong, never because a service is away. */
export async function openModels(options: OpenModelsOptions): Promise<Models> {
  const { settings, table } = options
  let fetches: Promise<HuggingFaceFetches> | undefined
  const huggingFace = () => (fetches ??= openHuggingFace(settings))
  const sources = { settings, table, huggingFace }
  const embedder = await embedders[embedderDriver(options)](sources)
  const generator = await generators[settings.generator](sources)
  const cache = embedder.model.free
    ? undefined // A look-up costs more than the built-in embedder, and a local model is nobody's bill.
    : createEmbeddingCache(embedder.model, { maxEntries: CACHED_VECTORS })
  let hitsTaken = 0
  return {
    embedder: cache ?? embedder.model,
    generator: generator.model,
    usesHuggingFace: [
      ...(embedder.isHuggingFace ? (['embedder'] as const) : []),
      ...(generator.isHuggingFace ? (['generator'] as const) : []),
    ],
    async warm() {
      await Promise.all([embedder.warm?.(WARM_CONNECTIONS), generator.warm?.(WARM_CONNECTIONS)])
    },
    async check() {
      const [ofEmbedder, ofGenerator] = await Promise.all([embedder.check(), generator.check()])
      return { embedder: ofEmbedder, generator: ofGenerator }
    },
    takeCacheHits() {
      const { hits } = cache?.stats() ?? { hits: 0 }
      const taken = hits - hitsTaken
      hitsTaken = hits
      return taken
    },
    forget: () => cache?.clear() ?? 0,
  }
}

/** A model, and what is asked of the service behind it. */
interface Opened<Model> {
  readonly model: Model
  readonly isHuggingFace: boolean
  check(): Promise<UpstreamStatus>
  warm?(connections: number): Promise<void>
}

function reached<Model extends { warm(connections: number): Promise<void> }>(
  model: Model,
  fetch: UpstreamFetch,
  isHuggingFace: boolean,
): Opened<Model> {
  return {
    model,
    isHuggingFace,
    check: () => fetch.check(),
    warm: (connections) => model.warm(connections),
  }
}

const HERE = { isHuggingFace: false, check: async () => ({ status: 'ok' as const }) }

/** What a driver is opened from; Hugging Face's fetches are made when the first of its models asks. */
interface Sources {
  readonly settings: Config
  readonly table: StaticTable
  readonly huggingFace: () => Promise<HuggingFaceFetches>
}

const embedders: Record<EmbedderDriver, (sources: Sources) => Promise<Opened<Embedder>>> = {
  builtin: async ({ table }) => ({ model: createStaticEmbedder(table), ...HERE }),

  minilm: async ({ settings }) => ({ model: await openMiniLm(settings), ...HERE }),

  async huggingface({ settings, huggingFace }) {
    const { createHuggingFaceEmbedder } = await import('./huggingface-embedder.ts')
    const { name: model, dimension } = settings.embeddingModel
    const { token } = settings.huggingFace!
    const { embeddings: fetch } = await huggingFace()
    return reached(createHuggingFaceEmbedder({ token, model, dimension, fetch }), fetch, true)
  },

  async endpoint({ settings }) {
    const { createEmbeddingEndpointFetch } = await import('./endpoint.ts')
    const { createEndpointEmbedder } = await import('./endpoint-embedder.ts')
    const { name: model, dimension } = settings.embeddingModel
    const endpoint = settings.embeddingEndpoint!
    const fetch = createEmbeddingEndpointFetch(endpoint, { timeoutMs: settings.upstreamTimeoutMs })
    return reached(createEndpointEmbedder({ ...endpoint, model, dimension, fetch }), fetch, false)
  },
}

const generators: Record<GeneratorDriver, (sources: Sources) => Promise<Opened<Generator>>> = {
  builtin: async ({ settings }) => ({
    model: createBuiltInGenerator({ wordMs: settings.builtInWordMs }),
    ...HERE,
  }),

  async huggingface({ settings, huggingFace }) {
    const { createHuggingFaceGenerator } = await import('./huggingface-generator.ts')
    const { firstTokenTimeoutMs } = settings
    const { token, chatModel: model, fallbacks } = settings.huggingFace!
    const { chat: fetch } = await huggingFace()
    const options = { token, model, fallbacks, fetch, firstTokenTimeoutMs }
    return reached(createHuggingFaceGenerator(options), fetch, true)
  },

  async endpoint({ settings }) {
    const { createChatEndpointFetch } = await import('./endpoint.ts')
    const { createEndpointGenerator } = await import('./endpoint-generator.ts')
    const { firstTokenTimeoutMs, upstreamTimeoutMs: timeoutMs } = settings
    const endpoint = settings.chatEndpoint!
    const fetch = createChatEndpointFetch(endpoint, { timeoutMs })
    return reached(
      createEndpointGenerator({ ...endpoint, fetch, firstTokenTimeoutMs }),
      fetch,
      false,
    )
  },
}

/** The one that made the vectors which exist, where `auto` may keep it and it can be had; else the preferred one. */
function embedderDriver({ settings, table, storedEmbedder }: OpenModelsOptions): EmbedderDriver {
  if (!settings.keepsEmbedder || storedEmbedder === undefined) return settings.embedder
  if (storedEmbedder === table.name) return 'builtin'
  if (storedEmbedder === MINILM_EMBEDDER && settings.modelDir !== undefined) return 'minilm'
  return settings.embedder
}

/** Opened at the start: a wrong folder stops it, not the first message. */
async function openMiniLm({ modelDir }: Config): Promise<Embedder> {
  const embedder = createMiniLmEmbedder({ modelDir: modelDir! })
  try {
    await embedder.embed(['.'])
  } catch (error) {
    throw new ConfigError([`MODEL_DIR: ${(error as Error).message}`])
  }
  return embedder
}

async function openHuggingFace(settings: Config): Promise<HuggingFaceFetches> {
  const { createHuggingFaceFetches, HUB, ROUTER } = await import('./huggingface.ts')
  const { token, chatModel, routerUrl, hubUrl } = settings.huggingFace!
  return createHuggingFaceFetches({
    token,
    chatModel,
    embeddingModel: settings.embeddingModel.name,
    timeoutMs: settings.upstreamTimeoutMs,
    origins: { [ROUTER]: routerUrl, [HUB]: hubUrl },
  })
}
