import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { describePruning } from '../../test/conformance/pruning.ts'
import { assertContract } from '../../test/emulators/contract.ts'
import { startPineconeEmulator } from '../../test/emulators/pinecone.ts'
import { openPineconeStore, type PlaceOfStore } from '../../test/fixtures/pinecone-store.ts'
import { openTestStore } from '../../test/fixtures/sqlite-store.ts'
import type { MemoryStore } from './store.ts'

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'ai-memory-layer-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const files = new WeakMap<MemoryStore, string>()
describePruning('sqlite', {
  async open(limits, now) {
    const file = join(folder(), 'memory.db')
    const store = openTestStore(file, { limits, now })
    files.set(store, file)
    return store
  },
  reopen: async (first, limits, now) => openTestStore(files.get(first)!, { limits, now }),
})

const places = new WeakMap<MemoryStore, PlaceOfStore>()
for (const isolation of ['namespace', 'metadata'] as const) {
  describePruning(`pinecone, ${isolation}`, {
    async open(limits, now) {
      const emulator = await startPineconeEmulator()
      const place = { emulator, isolation, file: join(folder(), 'pinecone.db') }
      onTestFinished(async () => {
        await emulator.close()
        assertContract(emulator)
      })
      const store = openPineconeStore(place, { limits, now })
      places.set(store, place)
      return store
    },
    async reopen(first, limits, now) {
      // What is too old is looked for where memories live.
      while (!(await (first as ReturnType<typeof openPineconeStore>).isSent())) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return openPineconeStore(places.get(first)!, { limits, now })
    },
  })
}
