import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadDotEnv, readConfig } from '../lib/config.ts'
import { restore } from '../lib/memory/sqlite/backup.ts'
import { STORE_FILE } from '../lib/memory/store-file.ts'

/**
 * Puts the memories of a backup in the place of those in DATA_DIR: `npm run restore -- --from FILE`. While a service has
 * them open nothing of its changes; the restored ones wait for its next start. Exit code 1, and nothing changed, when
 * the backup is not whole.
 */

try {
  const { values } = parseArgs({ options: { from: { type: 'string' } } })
  if (values.from === undefined) throw new Error('Say which backup: npm run restore -- --from FILE')
  loadDotEnv()
  const file = resolve(readConfig(process.env).dataDir, STORE_FILE)
  const { memories, users, adoption, setAside } = restore(resolve(values.from), file)
  const restored = `${memories} memories of ${users} users`
  if (setAside !== undefined) console.log(`What could not be opened is kept in ${setAside}.`)
  console.log(
    adoption === 'done'
      ? `${file} holds ${restored} now.`
      : `${restored} wait beside ${file}, which another process has open. They take its place when that process has ended and the service is started again. What is deleted until then is deleted in both; what is added until then is lost.`,
  )
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
