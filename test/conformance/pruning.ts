import { afterEach, describe, expect, it } from 'vitest'
import type { UserId } from '../../lib/memory/memory.ts'
import type { Limits } from '../../lib/memory/prune.ts'
import type { MemoryStore } from '../../lib/memory/store.ts'
import { idsOf, listed, recalled, said, save, SOON } from './memory-store/suite.ts'

const ada = 'ada' as UserId
const alan = 'alan' as UserId

export interface PruningSuite {
  readonly open: (limits: Limits, now: () => Date) => Promise<MemoryStore>
  /** A second store on the place of the first. */
  readonly reopen: (first: MemoryStore, limits: Limits, now: () => Date) => Promise<MemoryStore>
}

/** What the limits of a user's memories promise, on every driver. */
export function describePruning(name: string, { open, reopen }: PruningSuite) {
  describe(`pruning: ${name}`, () => {
    const opened: MemoryStore[] = []
    const now = () => new Date('2026-03-01T12:00:00Z')
    const kept = (store: MemoryStore) => {
      opened.push(store)
      return store
    }
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((store) => store.close()))
    })

    it('keeps all where no limit is set', async () => {
      const memories = kept(await open({}, now)).forUser(ada)
      await save(memories, ...Array.from({ length: 30 }, (_, at) => said(`Memory number ${at}`)))
      await save(memories, said('Old', { ts: new Date('1999-01-01') }))
      expect(await listed(memories)).toHaveLength(31)
    })

    it('keeps the newest of a user who has too many, and what is pinned', async () => {
      const store = kept(await open({ maxPerUser: 10 }, now))
      const memories = store.forUser(ada)
      const all = Array.from({ length: 14 }, (_, at) =>
        said(`I drink tea number ${at}`, { pinned: at === 1 }),
      )
      await save(store.forUser(alan), ...all.map(({ text }) => said(text)).slice(0, 9))
      await save(memories, ...all.slice(0, 7))
      expect(await listed(memories)).toHaveLength(7)
      await memories.save(all.slice(7).map((memory) => ({ memory })))
      await expect.poll(() => listed(memories), SOON).toHaveLength(10)
      expect(new Set(await listed(memories))).toEqual(new Set(idsOf([all[1]!, ...all.slice(5)])))
      expect(await memories.get(all[0]!.id)).toBeUndefined()
      expect(await recalled(memories, 'tea')).toHaveLength(10)
      expect(await listed(store.forUser(alan))).toHaveLength(9)
    })

    it('deletes nothing of a user who pinned everything', async () => {
      const memories = kept(await open({ maxPerUser: 10 }, now)).forUser(ada)
      const all = Array.from({ length: 12 }, (_, at) => said(`Number ${at}`, { pinned: true }))
      await save(memories, ...all)
      const last = said('One too many')
      await memories.save([{ memory: last }])
      await expect.poll(() => memories.get(last.id), SOON).toBeUndefined()
      expect(await listed(memories)).toHaveLength(12)
    })

    it('deletes at the next start what is too old and not pinned, whoever’s it is', async () => {
      const first = kept(await open({}, now))
      const old = { ts: new Date('2026-01-29T11:00:00Z') }
      const [gone, pinned, fresh] = [
        said('Old tea', old),
        said('Old pinned tea', { ...old, pinned: true }),
        said('New tea', { ts: new Date('2026-01-30T13:00:00Z') }),
      ]
      const alans = said('Alan’s old tea', old)
      await save(first.forUser(ada), gone, pinned, fresh)
      await save(first.forUser(alan), alans)
      const second = kept(await reopen(first, { ttlDays: 30 }, now))
      const memories = second.forUser(ada)
      await expect.poll(() => memories.get(gone.id), SOON).toBeUndefined()
      await expect.poll(() => listed(second.forUser(alan)), SOON).toEqual([])
      expect(new Set(await listed(memories))).toEqual(new Set([pinned.id, fresh.id]))
    })
  })
}
