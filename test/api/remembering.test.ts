import { describe, expect, it } from 'vitest'
import { startHost } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What the product is for. */

describe('memories', () => {
  it('survive a restart', async () => {
    await using data = await temporaryFolder()
    await using first = await startHost({ dataDir: data.path })
    await first.api.chat({ user_id: 'ada', message: 'My piano teacher is Mr Novak.' })
    expect(await first.stop()).toBe(0)
    await using second = await startHost({ dataDir: data.path })
    const ask = { message: 'Who is my piano teacher?' }
    const { response } = (await second.api.chat({ user_id: 'ada', ...ask })).body
    expect(response).toContain('Mr Novak')
    const other = (await second.api.chat({ user_id: 'alan', ...ask })).body
    expect(other).toMatchObject({ response: 'I remember nothing about that.', context: [] })
  })

  it('survive a crash once they were acknowledged', async () => {
    await using data = await temporaryFolder()
    await using first = await startHost({ dataDir: data.path })
    await first.api.chat({ user_id: 'ada', message: 'The spare key is under the fern.' })
    await first.stop('SIGKILL')
    await using second = await startHost({ dataDir: data.path })
    const { body } = await second.api.chat({ user_id: 'ada', message: 'Where is the spare key?' })
    expect(body.response).toContain('under the fern')
  })

  it('reach from one conversation into another', async () => {
    await using host = await startHost()
    const say = (message: string, conversation_id: string) =>
      host.api.chat({ user_id: 'ada', message, metadata: { conversation_id } })
    await say('My marathon is on the second of May.', 'running')
    const { body } = await say('When is my marathon?', 'evening')
    expect(body.response).toContain('second of May')
    expect(body.context[0]).toMatchObject({ conversation_id: 'running' })
  })

  it('answer by what was corrected a moment later in the same conversation', async () => {
    await using host = await startHost()
    const say = async (message: string) =>
      (await host.api.chat({ user_id: 'ada', message, metadata: { conversation_id: 'one' } })).body
    await say('My favourite colour is blue.')
    await say('Actually my favourite colour is green now.')
    const { response, context } = await say('What is my favourite colour?')
    expect(response).toContain('green')
    expect(context.map(({ text }) => text.includes('green'))).toEqual([true, false])
    expect(context[1]).toMatchObject({ superseded_by: context[0]!.id })
  })

  it('are seen at once by a second process on the same folder, both ways', async () => {
    await using data = await temporaryFolder()
    await using one = await startHost({ dataDir: data.path })
    await using two = await startHost({ dataDir: data.path })
    const ask = async (host: typeof one, message: string) =>
      (await host.api.chat({ user_id: 'ada', message })).body.response
    // Both have read this user's memories before the other writes.
    await ask(one, 'Hello!')
    await ask(two, 'Hello!')
    await ask(one, 'My llama is called Dolores.')
    expect(await ask(two, 'What is my llama called?')).toContain('Dolores')
    await ask(two, 'My tortoise is called Bolt.')
    expect(await ask(one, 'What is my tortoise called?')).toContain('Bolt')

    const { results } = (await one.api.list('ada')).body
    const llama = results.find(({ text }) => text.startsWith('My llama'))!
    await one.api.forget('ada', llama.id)
    const query = { user_id: 'ada', query: 'llama', score_threshold: 0, top_k: 50 }
    const found = (await two.api.search(query)).body.results
    expect(found.map(({ id }) => id)).not.toContain(llama.id)
  })

  it('are written by two processes at once without a loss', async () => {
    await using data = await temporaryFolder()
    await using one = await startHost({ dataDir: data.path })
    await using two = await startHost({ dataDir: data.path })
    const writes = Array.from({ length: 60 }, (_, n) => {
      const { api } = n % 2 === 0 ? one : two
      return api.ingest({ user_id: 'ada', items: [{ text: `Fact ${n}.`, role: 'user' }] })
    })
    const answers = await Promise.all(writes)
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    const texts = async (host: typeof one) =>
      (await host.api.list('ada', { limit: '200' })).body.results.map(({ text }) => text).toSorted()
    const all = Array.from({ length: 60 }, (_, n) => `Fact ${n}.`).toSorted()
    expect(await texts(one)).toEqual(all)
    expect(await texts(two)).toEqual(all)
  })
})

describe('a question asked eleven times', () => {
  it('is answered the eleventh time as the first: a past question is no fact, a quote no memory', async () => {
    await using host = await startHost()
    const say = async (message: string) => (await host.api.chat({ user_id: 'ada', message })).body
    await say('My favourite restaurant is the Blue Lotus in Hamburg.')
    await say('I work as a bookbinder.')
    const question = 'What is my favourite restaurant?'
    const answers = []
    for (let asked = 0; asked < 11; asked++) answers.push(await say(question))
    for (const { response, context } of answers) {
      expect(response).toContain('“My favourite restaurant is the Blue Lotus in Hamburg.”')
      expect(context[0]!.text).toBe('My favourite restaurant is the Blue Lotus in Hamburg.')
      const quotes = context.filter(({ role }) => role === 'assistant')
      expect(quotes).toEqual([])
      const questions = context.filter(({ text }) => text === question)
      expect(questions.length).toBeLessThanOrEqual(1)
    }
  })
})
