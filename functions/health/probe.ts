import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../lib/config.ts'
import { type Check, type Health, healthOf } from '../../lib/health.ts'
import { STORE_FILE } from '../../lib/memory/store-file.ts'

/** The health of a process that has not opened the services: the store's file is read, the built-in models are here. */
export async function probe(settings: Config): Promise<Health> {
  const { pinecone } = settings
  const store = pinecone
    ? { driver: 'pinecone', ...(await probePinecone(pinecone)) }
    : { driver: 'sqlite', ...probeFile(join(settings.dataDir, STORE_FILE)) }
  return healthOf({
    checks: {
      store,
      embedder: { name: 'built-in', status: 'ok' },
      generator: { name: 'built-in', status: 'ok' },
    },
    usesPinecone: pinecone !== undefined,
    usesHuggingFace: [],
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

const PROBE_TIMEOUT_MS = 2000

/** Asks for the description of the index, which costs nothing. */
async function probePinecone({
  controllerUrl,
  name,
  apiKey,
}: NonNullable<Config['pinecone']>): Promise<Check> {
  try {
    const { status } = await fetch(new URL(`/indexes/${name}`, controllerUrl), {
      headers: { 'api-key': apiKey, 'x-pinecone-api-version': '2026-07' },
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    })
    if (status === 200) return { status: 'ok' }
    if (status === 404) return { status: 'ok', detail: 'The first memory makes the index.' }
    return { status: 'error', detail: `Pinecone answered ${status}.` }
  } catch {
    return { status: 'error', detail: 'Pinecone cannot be reached.' }
  }
}
