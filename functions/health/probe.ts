import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../lib/config.ts'
import { type Endpoint, endpointHeaders, endpointRoute } from '../../lib/endpoint-address.ts'
import { type Check, type Health, healthOf } from '../../lib/health.ts'
import { STORE_FILE } from '../../lib/memory/store-file.ts'

/** Anyone may ask for the health, and as often as they like. */
const KNOWN_MS = 30_000
const PROBE_TIMEOUT_MS = 2_000

/**
 * The health of a process that has not opened the services, as it was within the last 30 seconds: the store's file is read, services
 * are asked for descriptions, which cost nothing and say nothing of credit; the built-in models are here.
 */
export function createProbe(
  nowMs = () => performance.now(),
): (settings: Config) => Promise<Health> {
  let known: { readonly health: Promise<Health>; readonly untilMs: number } | undefined
  return (settings) => {
    if (!known || known.untilMs <= nowMs()) {
      known = { health: probeAll(settings), untilMs: nowMs() + KNOWN_MS }
    }
    return known.health
  }
}

async function probeAll(settings: Config): Promise<Health> {
  const { pinecone, embedder, generator } = settings
  const [store, ofEmbedder, ofGenerator] = await Promise.all([
    pinecone ? probePinecone(pinecone) : probeFile(join(settings.dataDir, STORE_FILE)),
    probeEmbedder(settings),
    probeGenerator(settings),
  ])
  return healthOf({
    checks: {
      store: { driver: pinecone ? 'pinecone' : 'sqlite', ...store },
      embedder: ofEmbedder,
      generator: ofGenerator,
    },
    usesPinecone: pinecone !== undefined,
    usesHuggingFace: [
      ...(embedder === 'huggingface' ? (['embedder'] as const) : []),
      ...(generator === 'huggingface' ? (['generator'] as const) : []),
    ],
    notes: [],
  })
}

function probeFile(file: string): Check {
  if (!existsSync(file))
    return { status: 'ok', detail: 'There is no file yet; the first memory makes it.' }
  try {
    const database = new DatabaseSync(file, { readOnly: true })
    database.prepare('SELECT count(*) FROM sqlite_schema').get()
    database.close()
    return { status: 'ok' }
  } catch {
    return { status: 'error', detail: 'The memory file cannot be read. See docs/memory.md.' }
  }
}

async function probePinecone({
  controllerUrl,
  name,
  apiKey,
}: NonNullable<Config['pinecone']>): Promise<Check> {
  const headers = { 'api-key': apiKey, 'x-pinecone-api-version': '2026-07' }
  const url = new URL(`/indexes/${name}`, controllerUrl)
  return ask('Pinecone', url, headers, {
    status: 'ok',
    detail: 'The first memory makes the index.',
  })
}

async function probeEmbedder(settings: Config): Promise<Check & { name: string }> {
  const { embedder, embeddingModel, embeddingEndpoint, huggingFace } = settings
  if (embedder === 'huggingface' && huggingFace) {
    const url = new URL(
      `/api/models/${embeddingModel.name}?expand[]=inferenceProviderMapping`,
      huggingFace.hubUrl,
    )
    return { name: embeddingModel.name, ...(await ask('Hugging Face', url)) }
  }
  if (embedder === 'endpoint' && embeddingEndpoint) {
    const check = await askServer('The embedding server', embeddingEndpoint, '/info')
    return { name: embeddingModel.name, ...check }
  }
  return { name: embedder === 'minilm' ? 'minilm' : 'built-in', status: 'ok' }
}

async function probeGenerator(settings: Config): Promise<Check & { name: string }> {
  const { generator, chatEndpoint, huggingFace } = settings
  if (generator === 'huggingface' && huggingFace) {
    const { chatModel, routerUrl, token } = huggingFace
    const url = new URL(`/v1/models/${chatModel.split(':')[0]}`, routerUrl)
    const headers = { authorization: `Bearer ${token}` }
    return { name: chatModel, ...(await ask('Hugging Face', url, headers)) }
  }
  if (generator === 'endpoint' && chatEndpoint) {
    const check = await askServer('The model server', chatEndpoint, '/v1/models')
    return { name: chatEndpoint.model ?? 'endpoint', ...check }
  }
  return { name: 'built-in', status: 'ok' }
}

const askServer = (name: string, endpoint: Endpoint, route: `/${string}`) =>
  ask(name, new URL(endpointRoute(endpoint, route)), endpointHeaders(endpoint))

async function ask(
  name: string,
  url: URL,
  headers: Record<string, string> = {},
  ifAbsent?: Check,
): Promise<Check> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS)
    const response = await fetch(url, { headers, signal })
    await response.body?.cancel()
    if (response.ok) return { status: 'ok' }
    if (response.status === 404 && ifAbsent) return ifAbsent
    return { status: 'error', detail: `${name} answered ${response.status}.` }
  } catch {
    return { status: 'error', detail: `${name} cannot be reached.` }
  }
}
