import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'

/** What is deleted is gone from the files as well, whichever way it came in and whichever way it went. */

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost({ env: { RATE_LIMIT_USER: '0', RATE_LIMIT_ADDRESS: '0' } })
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

/** A word that nobody else says; the files hold it as it is, and in the lower case of an index. */
const words = (name: string) => [`Zq${name}Wxv`, `zq${name.toLowerCase()}wxv`]

/** Files of the data folder that hold the word: the database, its log and shared memory, whatever else there is. */
async function filesWith(name: string): Promise<string[]> {
  const files = await readdir(host.dataDir, { recursive: true, withFileTypes: true })
  const found = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => {
        const path = join(file.parentPath, file.name)
        const bytes = await readFile(path).catch(() => Buffer.alloc(0)) // Gone since.
        return words(name).some((word) => bytes.includes(word)) ? [file.name] : []
      }),
  )
  return found.flat().toSorted()
}

const WITHIN_A_MINUTE = { timeout: 60_000, interval: 250 }

/** Says the word in every way there is, among things that stay. */
async function say(user_id: string, name: string) {
  const text = `I hide the key under ${words(name)[0]}.`
  const ts = '2026-05-04T12:00:00Z'
  const metadata = { conversation_id: 'secret', tags: [words(name)[0]!] }
  await api.chat({ user_id, message: text, message_id: `told-${user_id}`, metadata })
  await api.chat({ user_id, message: 'Where do I hide the key?', metadata })
  await api.request('POST', '/api/ingest', {
    body: { user_id, items: [{ text, role: 'user', speaker: words(name)[0] }] },
    headers: { 'idempotency-key': `ingest-${user_id}` },
  })
  await api.importLines(user_id, `${JSON.stringify({ text, role: 'assistant', ts })}\n`)
  const filler = Array.from({ length: 40 }, (_, n) => ({ text: `Note ${n}.`, role: 'user' }))
  await api.ingest({ user_id, items: filler })
}

const idsWith = async (user_id: string, name: string) =>
  (await api.list(user_id, { limit: '200' })).body.results
    .filter(({ text }) => text.includes(words(name)[0]!))
    .map(({ id }) => id)

describe('of what was deleted no byte is left in the data folder', () => {
  it.concurrent.each<[string, (user: string, name: string) => Promise<unknown>]>([
    ['Alone', async (user) => api.erase(user)],
    [
      'Single',
      async (user, name) => {
        for (const id of await idsWith(user, name)) await api.forget(user, id)
        // The answer that quotes it, and the question, go with their conversation.
        await api.forgetConversation(user, 'secret')
      },
    ],
    [
      'Edited',
      async (user, name) => {
        for (const id of await idsWith(user, name)) await api.change(user, id, { text: 'Nothing.' })
        await api.forgetConversation(user, 'secret')
        const { results } = (await api.list(user, { limit: '200' })).body
        for (const { id, text } of results) if (text === 'Nothing.') await api.forget(user, id)
      },
    ],
  ])(
    '%s',
    async (name, remove) => {
      const user = `user-${name}`
      await say(user, name)
      expect(await filesWith(name), 'the word is there to be found').not.toEqual([])
      await remove(user, name)
      const query = { user_id: user, query: words(name)[0]!, score_threshold: 0, top_k: 50 }
      const { results } = (await api.search(query)).body
      expect(results.filter(({ text }) => text.includes(words(name)[0]!))).toEqual([])
      await expect.poll(() => filesWith(name), WITHIN_A_MINUTE).toEqual([])
      expect(host.output()).not.toContain(words(name)[0])
    },
    90_000,
  )
})
