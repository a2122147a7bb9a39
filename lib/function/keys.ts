import { statSync } from 'node:fs'
import { type ApiKey, type KeyEntries, readKeyFile } from '../api-keys.ts'
import { config } from '../config.ts'

let known: { readonly version: string; readonly entries: KeyEntries } | undefined

/**
 * The keys that are let in now: the environment's, and those of the file as it stands at this moment, so that a key
 * that is taken out of it is refused from the next call on. Entries that are none, and a file that cannot be
 * read, let nobody in; `tell` hears of them once.
 */
export function currentKeys(tell: (faults: readonly string[]) => void): readonly ApiKey[] {
  const { apiKeys, apiKeysFile } = config()
  if (apiKeysFile === undefined) return apiKeys
  const version = versionOf(apiKeysFile)
  if (known?.version !== version) {
    known = { version, entries: readKeyFile(apiKeysFile) }
    if (known.entries.faults.length > 0) tell(known.entries.faults)
  }
  return [...apiKeys, ...known.entries.keys]
}

/** Changes whenever the file is written, replaced or taken away. */
function versionOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true })
  return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : 'none'
}
