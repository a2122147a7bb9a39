import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../lib/config.ts'
import { type Check, type Health, healthOf } from '../../lib/health.ts'
import { STORE_FILE } from '../../lib/memory/store-file.ts'

/** The health of a process that has not opened the services: the store's file is read, the built-in models are here. */
export async function probe(settings: Config): Promise<Health> {
  return healthOf({
    checks: {
      store: { driver: 'sqlite', ...probeFile(join(settings.dataDir, STORE_FILE)) },
      embedder: { name: 'built-in', status: 'ok' },
      generator: { name: 'built-in', status: 'ok' },
    },
    usesPinecone: false,
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
