import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadDotEnv, readConfig } from '../lib/config.ts'
import { backUp } from '../lib/memory/sqlite/backup.ts'
import { STORE_FILE } from '../lib/memory/store-file.ts'

/**
 * Copies all memories to one new file while the service goes on: `npm run backup [-- --to FILE]`, by default into the
 * folder `backups` of DATA_DIR. Exit code 1, and nothing written, when the copy is not whole.
 */

try {
  const { values } = parseArgs({ options: { to: { type: 'string' } } })
  loadDotEnv()
  const { dataDir, pinecone } = readConfig(process.env)
  const file = resolve(dataDir, STORE_FILE)
  if (pinecone && !existsSync(file)) {
    throw new Error(
      'The memories are in Pinecone, whose backups are made there; no file of memories is here to be copied.',
    )
  }
  const moment = new Date().toISOString().replaceAll(/[:.]/g, '-')
  const to = resolve(values.to ?? join(dataDir, 'backups', `memory-${moment}.db`))
  const { memories, users, bytes } = backUp(file, to)
  console.log(
    `${to}: ${memories} memories of ${users} users, ${(bytes / 2 ** 20).toFixed(1)} MiB, checked and synced.`,
  )
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
