import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTestStore } from '../../../test/fixtures/sqlite-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { UserId } from '../memory.ts'

it('a lease of a dead process does not outlast a clock that was set back', async () => {
  await using folder = await temporaryFolder()
  let now = new Date('2026-03-01T12:00:00Z')
  await using store = openTestStore(join(folder.path, 'memory.db'), { now: () => now })
  const memories = store.forUser('ada' as UserId)
  expect(await memories.lease('reply:1', 'dead', 30_000)).toBe(true)
  now = new Date('2026-03-01T11:59:59.500Z') // Two machines may differ by as much.
  expect(await memories.lease('reply:1', 'next', 30_000)).toBe(false)
  now = new Date('2026-03-01T11:00:00Z')
  expect(await memories.lease('reply:1', 'next', 30_000)).toBe(true)
  expect(await memories.lease('reply:1', 'third', 30_000)).toBe(false)
})
