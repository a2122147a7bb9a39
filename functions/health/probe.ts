import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../lib/config.ts'
import {
  chatServerProbe,
  embeddingServerProbe,
  huggingFaceChatProbe,
  huggingFaceEmbeddingsProbe,
  pineconeProbe,
  type Probe,
} from '../../lib/free-probes.ts'
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

function probePinecone({
  controllerUrl,
  name,
  apiKey,
}: NonNullable<Config['pinecone']>): Promise<Check> {
  return ask('Pinecone', pineconeProbe(controllerUrl, name, apiKey), {
    status: 'ok',
    detail: 'The first memory makes the index.',
  })
}

async function probeEmbedder(settings: Config): Promise<Check & { name: string }> {
  const { embedder, embeddingModel, embeddingEndpoint, huggingFace } = settings
  const { name } = embeddingModel
  if (embedder === 'huggingface' && huggingFace) {
    const probe = huggingFaceEmbeddingsProbe(huggingFace.hubUrl, name)
    return { name, ...(await ask('Hugging Face', probe)) }
  }
  if (embedder === 'endpoint' && embeddingEndpoint) {
    return {
      name,
      ...(await ask('The embedding server', embeddingServerProbe(embeddingEndpoint))),
    }
  }
  return { name: embedder === 'minilm' ? 'minilm' : 'built-in', status: 'ok' }
}

async function probeGenerator(settings: Config): Promise<Check & { name: string }> {
  const { generator, chatEndpoint, huggingFace } = settings
  if (generator === 'huggingface' && huggingFace) {
    const { chatModel, routerUrl, token } = huggingFace
    const probe = huggingFaceChatProbe(routerUrl, chatModel, token)
    return { name: chatModel, ...(await ask('Hugging Face', probe)) }
  }
  if (generator === 'endpoint' && chatEndpoint) {
    const check = await ask('The model server', chatServerProbe(chatEndpoint))
    return { name: chatEndpoint.model ?? 'endpoint', ...check }
  }
  return { name: 'built-in', status: 'ok' }
}

async function ask(name: string, { url, headers = {} }: Probe, ifAbsent?: Check): Promise<Check> {
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
