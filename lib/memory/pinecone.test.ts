import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { describeMemoryStore } from '../../test/conformance/memory-store.ts'
import { openPineconeStore, type PlaceOfStore } from '../../test/fixtures/pinecone-store.ts'
import { startPineconeEmulator } from '../../test/emulators/pinecone.ts'
import { assertContract } from '../../test/emulators/contract.ts'
import type { Isolation } from './pinecone/user-records.ts'
import type { MemoryStore } from './store.ts'

const places = new WeakMap<MemoryStore, PlaceOfStore>()

for (const [name, isolation, hasDisk] of [
  ['pinecone, a namespace a user', 'namespace', true],
  ['pinecone, all in one namespace', 'metadata', true],
  ['pinecone without a disk', 'namespace', false],
] as const)
  describeMemoryStore(name, suite(isolation, hasDisk))

function suite(isolation: Isolation, hasDisk: boolean) {
  return {
    async open(options: { now: () => Date; dimension: number }) {
      const emulator = await startPineconeEmulator()
      const folder = mkdtempSync(join(tmpdir(), 'ai-memory-layer-test-'))
      onTestFinished(async () => {
        await emulator.close()
        rmSync(folder, { recursive: true, force: true })
        assertContract(emulator)
      })
      const file = hasDisk ? join(folder, 'pinecone.db') : undefined
      return open({ emulator, file, isolation }, options)
    },
    async reopen(first: MemoryStore, options: { now: () => Date; dimension: number }) {
      return open(places.get(first)!, options)
    },
  }
}

function open(place: PlaceOfStore, { now, dimension }: { now: () => Date; dimension: number }) {
  const store = openPineconeStore(place, { now, dimension })
  places.set(store, place)
  return store
}
