import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { describeMemoryStore, type OpenOptions } from '../../test/conformance/memory-store.ts'
import { createMemoryIndex } from './memory-index.ts'
import { rank } from './rank.ts'
import { createSqliteMemoryStore } from './sqlite.ts'
import type { MemoryStore } from './store.ts'

const files = new WeakMap<MemoryStore, string>()

describeMemoryStore('sqlite', {
  async open(options) {
    const folder = mkdtempSync(join(tmpdir(), 'ai-memory-layer-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return openStore(join(folder, 'memory.db'), options)
  },
  async reopen(first, options) {
    return openStore(files.get(first)!, options)
  },
})

function openStore(file: string, { now, dimension }: OpenOptions): MemoryStore {
  const store = createSqliteMemoryStore({
    file,
    now,
    embedderName: `test-${dimension}`,
    ranking: { createIndex: () => createMemoryIndex(), rank },
  })
  files.set(store, file)
  return store
}
