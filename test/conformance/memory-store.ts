import { afterEach, describe, it as test } from 'vitest'
import type { MemoryStore } from '../../lib/memory/store.ts'
import { describeConversations } from './memory-store/conversations.ts'
import { describeDeleting } from './memory-store/deleting.ts'
import { describeEditing } from './memory-store/editing.ts'
import { describeIsolation } from './memory-store/isolation.ts'
import { describeLeases } from './memory-store/leases.ts'
import { describeLists } from './memory-store/lists.ts'
import { describeRecall } from './memory-store/recall.ts'
import { describeSaving } from './memory-store/saving.ts'
import { describeSharing } from './memory-store/sharing.ts'
import { describeTurns } from './memory-store/turns.ts'
import type { Suite } from './memory-store/suite.ts'

export interface MemoryStoreSuite {
  /** A store on a place of its own, with real ranking; the suite closes it, the driver's test clears the place. */
  readonly open: (options: OpenOptions) => Promise<MemoryStore>
  /** A second store on the place of the first, as another process would open it; the first may be closed. */
  readonly reopen: (first: MemoryStore, options: OpenOptions) => Promise<MemoryStore>
  /** Why a case cannot hold for this driver, by its title; it then ends in "[because …]". */
  readonly skip?: Readonly<Record<string, string>>
}

export interface OpenOptions {
  readonly now: () => Date
  /** Of every vector that is saved and asked with. */
  readonly dimension: number
}

/** What `lib/memory/store.ts` promises, one case a promise. Every driver passes it. */
export function describeMemoryStore(name: string, { open, reopen, skip = {} }: MemoryStoreSuite) {
  describe(`MemoryStore: ${name}`, () => {
    const unknown = new Set(Object.keys(skip))
    const opened: MemoryStore[] = []
    const clock = { now: new Date('2026-03-01T12:00:00Z') }
    const options: OpenOptions = { now: () => clock.now, dimension: 8 }
    const kept = (store: MemoryStore) => {
      opened.push(store)
      return store
    }
    const suite: Suite = {
      it(title, run) {
        unknown.delete(title)
        const reason = skip[title]
        const name = reason === undefined ? title : `${title} [because ${reason}]`
        // The case itself stands where this is called.
        // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title
        test.skipIf(reason !== undefined)(name, run)
      },
      open: async () => kept(await open(options)),
      reopen: async (first) => kept(await reopen(first, options)),
      clock,
    }
    afterEach(async () => {
      clock.now = new Date('2026-03-01T12:00:00Z')
      await Promise.all(opened.splice(0).map((store) => store.close()))
    })

    describeSaving(suite)
    describeLists(suite)
    describeTurns(suite)
    describeConversations(suite)
    describeRecall(suite)
    describeEditing(suite)
    describeDeleting(suite)
    describeIsolation(suite)
    describeLeases(suite)
    describeSharing(suite)

    if (unknown.size > 0) throw new Error(`No such case to skip: ${[...unknown].join(', ')}`)
  })
}
