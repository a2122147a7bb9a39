import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { asked } from '../../../test/conformance/memory-store/suite.ts'
import { assertContract } from '../../../test/emulators/contract.ts'
import { startPineconeEmulator } from '../../../test/emulators/pinecone.ts'
import { openPineconeStore } from '../../../test/fixtures/pinecone-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { newMemoryId } from '../ids.ts'
import type { Memory, UserId } from '../memory.ts'
import { createConnection } from '../sqlite/connection.ts'
import { createHost } from './host.ts'
import { openHostFile } from './host-file.ts'
import { createRowCache } from './row-cache.ts'
import { prepareStatements } from './statements.ts'

const ada = 'ada' as UserId
const message = (text: string, messageId: string): Memory => {
  const ts = new Date()
  return asked(text, messageId, { id: newMemoryId(ts), ts })
}

describe('rows that a process keeps', () => {
  it('are what another process on the file made of them', async () => {
    await using folder = await temporaryFolder()
    const emulator = await startPineconeEmulator({ visibilityLagMs: Infinity })
    const place = { emulator, file: join(folder.path, 'pinecone.db') }
    // Neither sends while it is asked: what the other one did is in the file alone.
    const [old, fresh] = [1, 2].map(() => openPineconeStore(place, { lingerMs: 60_000 })) as [
      ReturnType<typeof openPineconeStore>,
      ReturnType<typeof openPineconeStore>,
    ]
    const [one, other] = [old.forUser(ada), fresh.forUser(ada)]
    const [tea, jam] = [message('I drink tea', 'tea'), message('I like jam', 'jam')]
    await one.save([{ memory: tea }, { memory: jam }])
    expect((await one.get(tea.id))?.text).toBe('I drink tea')
    expect((await other.update(tea.id, { text: 'I drink coffee' }))?.text).toBe('I drink coffee')
    expect((await one.get(tea.id))?.text).toBe('I drink coffee')
    expect(await other.delete(jam.id)).toBe(true)
    expect(await one.get(jam.id)).toBeUndefined()
    expect(await one.conversations({ limit: 9 })).toMatchObject([
      { title: 'I drink coffee', turns: 1 },
    ])
    expect(await other.clear()).toBe(1)
    expect(await one.get(tea.id)).toBeUndefined()
    await Promise.all([old.close(), fresh.close()])
    await emulator.close()
    assertContract(emulator)
  })

  it('are as they were when a write is undone', async () => {
    using database = openHostFile(undefined)
    const statements = prepareStatements(database)
    const connection = createConnection(database, { kept: statements.rowCache })
    const host = createHost({ statements, now: () => new Date() })
    const tea = message('I drink tea', 'tea')
    await connection.write(() => host.put(ada, tea, {}))
    const rows = () => [host.row(ada, tea.id), statements.conversation(ada, 'default')]
    const before = rows()
    const mistake = new Error('A mistake')
    const failing = connection.write(() => {
      host.put(ada, { ...tea, text: 'I drink coffee' }, {})
      throw mistake
    })
    await expect(failing).rejects.toBe(mistake)
    expect(rows()).toEqual(before)
  })

  it('are the last so many', () => {
    const loaded: string[] = []
    const cache = createRowCache(2, (_, id) => {
      loaded.push(id)
      return { id }
    })
    for (const id of ['a', 'b', 'b', 'c', 'b', 'a']) cache.get(ada, id)
    expect(loaded).toEqual(['a', 'b', 'c', 'a'])
  })
})
