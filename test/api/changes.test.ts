import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api, ProblemBody } from '../support/api.ts'
import { eventsOf } from '../support/events.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { faultsOf, problemOf } from '../support/problems.ts'

/** What a user changes or deletes of what is remembered, also while it is being answered. */

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost({ staged: true })
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

async function remember(userId: string, text: string): Promise<string> {
  const { body } = await api.ingest({ user_id: userId, items: [{ text, role: 'user' }] })
  return body.ids[0]!
}

const search = async (userId: string, query: string) =>
  (await api.search({ user_id: userId, query })).body.results

describe('a change of a memory', () => {
  it('is shown, kept, and found by its new words alone', async () => {
    const id = await remember('ann', 'My bicycle is a red Bianchi.')
    const other = await remember('ann', 'The violin lesson is on Sunday.')
    const changed = await api.change('ann', id, { text: 'I collect Japanese stamps.' })
    expect(changed).toMatchObject({
      status: 200,
      body: { id, text: 'I collect Japanese stamps.', tags: [], pinned: false },
    })
    expect(changed.body).toHaveProperty('edited_at')
    expect((await api.get('ann', id)).body).toEqual(changed.body)
    expect((await search('ann', 'Which stamps do I collect?'))[0]).toMatchObject({ id })
    const ids = (await search('ann', 'What bicycle do I have?')).map(({ id }) => id)
    expect(ids).not.toContain(id)
    expect((await api.get('ann', other)).body).not.toHaveProperty('edited_at')
  })

  it('leaves what it does not name, and a pin is no edit', async () => {
    const id = await remember('bea', 'I drink tea.')
    await api.change('bea', id, { tags: ['drink'] })
    const pinned = await api.change('bea', id, { pinned: true })
    expect(pinned.body).toMatchObject({ text: 'I drink tea.', tags: ['drink'], pinned: true })
    const editedAt = (pinned.body as { edited_at?: string }).edited_at
    const unpinned = await api.change('bea', id, { pinned: false })
    expect(unpinned.body).toMatchObject({ pinned: false, edited_at: editedAt })
    expect((await api.change('bea', id, {})).body).toEqual(unpinned.body)
  })

  it('takes texts as long as ingest does', async () => {
    const id = await remember('cat', 'Short.')
    const text = 'ä'.repeat(32_000)
    expect((await api.change('cat', id, { text })).body.text).toBe(text)
    faultsOf(await api.change('cat', id, { text: `${text}ä` }), 422)
  })

  it('is of the user’s own memories only', async () => {
    const id = await remember('dan', 'My locker code is 4711.')
    problemOf(await api.change('eve', id, { text: 'Mine now.' }), 404)
    problemOf(await api.change('dan', id.replace(/.$/, 'g'), { text: 'x' }), 404)
    expect((await api.get('dan', id)).body.text).toBe('My locker code is 4711.')
  })

  it('says all that is wrong with it', async () => {
    const id = await remember('fay', 'I drink tea.')
    const path = `/api/memories/${id}?user_id=fay`
    const body = { text: '', tags: 'x', pinned: 1, pined: true, ts: '2026-01-01T00:00:00Z' }
    const faults = faultsOf(await api.request('PATCH', path, { body }), 422)
    expect(Object.keys(faults).toSorted()).toEqual(['/pined', '/pinned', '/tags', '/text', '/ts'])
    const twoUsers = await api.request('PATCH', path, { body: { user_id: 'gus', text: 'x' } })
    expect(twoUsers.status).toBe(422)
    const inBody = { body: { user_id: 'fay', tags: ['a'] } }
    expect(await api.request('PATCH', `/api/memories/${id}`, inBody)).toMatchObject({ status: 200 })
  })
})

describe('a conversation', () => {
  const talk = (userId: string, conversation_id: string, message: string) =>
    api.chat({ user_id: userId, message, metadata: { conversation_id } })

  it('is deleted whole, and no other', async () => {
    await talk('hal', 'kitchen', 'I like rhubarb cake.')
    await talk('hal', 'kitchen', 'And plum cake.')
    await talk('hal', 'garden', 'The roses need water.')
    await talk('ida', 'kitchen', 'I hate cake.')
    expect(await api.forgetConversation('hal', 'kitchen')).toMatchObject({
      status: 200,
      body: { deleted: 4 },
    })
    const left = (await api.list('hal')).body.results
    expect(new Set(left.map(({ conversation_id }) => conversation_id))).toEqual(new Set(['garden']))
    expect((await api.list('ida')).body.results).toHaveLength(2)
    problemOf(await api.forgetConversation('hal', 'kitchen'), 404)
  })

  it.each(['nothing', '..%2F', 'a%20b', 'x'.repeat(65), '%00'])(
    'that is none is 404: %s',
    async (id) => {
      const problem = problemOf(await api.forgetConversation('hal', id), 404)
      expect(problem.title).toBe('Not found')
    },
  )
})

describe('what is deleted while it is being answered', () => {
  const slow = 'say 400 words, 10 ms apart'

  /** Says something slow and waits until words come and the first of them are stored. */
  async function startAnswer(userId: string, messageId: string) {
    const metadata = { conversation_id: 'slow' }
    const body = { user_id: userId, message: slow, message_id: messageId, metadata }
    const events = eventsOf(await api.openStream(body))
    for (let words = 0; words < 130; words++) await events.next()
    return events
  }

  /** The last event, and what is kept a checkpoint later. */
  async function endOf(events: ReturnType<typeof eventsOf>, userId: string) {
    const rest = await Array.fromAsync(events)
    await sleep(1200)
    return { last: rest.at(-1), lines: await api.exportLines(userId) }
  }

  const said = () => host.logs().filter(({ message }) => message === 'staged words')

  it.each<[string, (userId: string) => Promise<unknown>]>([
    ['the user', (userId) => api.erase(userId)],
    ['the conversation', (userId) => api.forgetConversation(userId, 'slow')],
    [
      'the message',
      async (userId) => api.forget(userId, (await api.list(userId)).body.results[0]!.id),
    ],
  ])('ends, and does not come back: %s', async (what, remove) => {
    const userId = `gone-${what.replace(' ', '-')}`
    const before = said().length
    const events = await startAnswer(userId, `slow-${userId}`)
    await remove(userId)
    const { last, lines } = await endOf(events, userId)
    expect(last).toMatchObject({ event: 'error', data: { status: 404 } })
    expect((last!.data as ProblemBody).request_id).toMatch(/./)
    expect(lines).toBe('')
    // The model was told to stop, too.
    const [words] = said().slice(before)
    expect(words!['said']).toBeLessThan(400)
  })

  it('leaves the answers of others alone', async () => {
    const events = await startAnswer('keeper', 'slow-keeper')
    await api.erase('somebody-else')
    await api.forget('keeper', await remember('keeper', 'Something else.'))
    await sleep(100)
    expect((await events.next()).value).toMatchObject({ event: 'token' })
    await events.return(undefined)
  })
})
