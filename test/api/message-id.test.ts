import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STORE_FILE } from '../../lib/memory/store-file.ts'
import type { Api, ChatAnswer } from '../support/api.ts'
import { eventsOf, textOf } from '../support/events.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { problemOf } from '../support/problems.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A message that is sent again is the same message: its answer is joined, replayed or, where none was made, made. */

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost({ staged: true })
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

const turnsOf = async (userId: string) => (await api.list(userId)).body.results
const wordsMade = () => host.logs().filter(({ message }) => message === 'staged words')

const sameAnswer = ({ response, context, message_id, usage }: ChatAnswer) => ({
  response,
  context,
  message_id,
  usage,
})

describe('the same message_id again', () => {
  it('replays the answer, whole or as a stream, and stores nothing', async () => {
    await api.chat({ user_id: 'ada', message: 'I play the oboe.' })
    const asked = { user_id: 'ada', message: 'What do I play?', message_id: 'oboe-question' }
    const { body: first } = await api.chat(asked)
    const stored = await turnsOf('ada')

    const { body: second } = await api.chat(asked)
    expect(sameAnswer(second)).toEqual(sameAnswer(first))
    expect(second, 'nothing was made').not.toHaveProperty('timings')
    const events = await api.chatEvents(asked)
    expect(textOf(events)).toBe(first.response)
    expect(events.map(({ event }) => event)).toEqual(['context', 'token', 'done'])
    expect(sameAnswer(events.at(-1)!.data as ChatAnswer)).toEqual(sameAnswer(first))
    expect(await turnsOf('ada')).toEqual(stored)
  })

  it('replays what was answered then, though more is known now', async () => {
    const asked = { user_id: 'bo', message: 'What do I play?', message_id: 'before-i-said' }
    const { body: first } = await api.chat(asked)
    expect(first.response).toBe('I remember nothing about that.')
    await api.chat({ user_id: 'bo', message: 'I play the bassoon.' })
    expect((await api.chat(asked)).body.response).toBe(first.response)
  })

  it('replays after a restart', async () => {
    const data = { dataDir: host.dataDir }
    const asked = { user_id: 'cy', message: 'I keep bees.', message_id: 'bees-are-kept' }
    const { body: first } = await api.chat(asked)
    await using later = await startHost(data)
    expect(sameAnswer((await later.api.chat(asked)).body)).toEqual(sameAnswer(first))
  })

  it('is 409 with another message, and stores nothing', async () => {
    const asked = { user_id: 'di', message: 'I row.', message_id: 'one-message' }
    await api.chat(asked)
    const stored = await turnsOf('di')
    const answer = await api.chat({ ...asked, message: 'I sail.' })
    problemOf(answer, 409)
    expect(JSON.stringify(answer.body), 'what the other said is not told').not.toContain('I row')
    expect(await turnsOf('di')).toEqual(stored)
  })

  it('is the same message with blanks around it', async () => {
    const asked = { user_id: 'ed', message: 'I knit.', message_id: 'trimmed-message' }
    await api.chat(asked)
    expect(await api.chat({ ...asked, message: ' I knit.\n' })).toMatchObject({ status: 200 })
    expect(await turnsOf('ed')).toHaveLength(2)
  })

  it('three times at once is one turn, told to all three', async () => {
    const before = wordsMade().length
    const asked = {
      user_id: 'flo',
      message: 'say 10 words, 20 ms apart',
      message_id: 'thrice-sent',
    }
    const answers = await Promise.all([
      api.chat(asked),
      api.chatEvents(asked).then((events) => ({ body: events.at(-1)!.data as ChatAnswer })),
      api.chat(asked),
    ])
    const [first] = answers
    for (const { body } of answers) expect(sameAnswer(body)).toEqual(sameAnswer(first.body))
    expect(await turnsOf('flo')).toHaveLength(2)
    expect(wordsMade().slice(before)).toMatchObject([{ said: 10 }])
  })

  it('at once in two processes is one turn as well', async () => {
    await using other = await startHost({ staged: true, dataDir: host.dataDir })
    const asked = {
      user_id: 'gus',
      message: 'say 20 words, 50 ms apart',
      message_id: 'two-hosts-1',
    }
    const [here, there] = await Promise.all([api.chat(asked), other.api.chat(asked)])
    expect(sameAnswer(there.body)).toEqual(sameAnswer(here.body))
    expect(here.body.response.split(' ').filter(Boolean)).toHaveLength(20)
    expect(await turnsOf('gus')).toHaveLength(2)
  })
})

describe('a caller who hangs up', () => {
  it('stops the generation, and gets the whole answer for the same message_id', async () => {
    const asked = { user_id: 'hal', message: 'say 40 words, 25 ms apart', message_id: 'hung-up-on' }
    const before = wordsMade().length
    const hangUp = new AbortController()
    const response = await api.openStream(asked, hangUp.signal)
    for await (const { event } of eventsOf(response)) if (event === 'token') break
    hangUp.abort()
    await expect.poll(() => wordsMade().length, { timeout: 5000 }).toBe(before + 1)
    expect(Number(wordsMade().at(-1)!['said'])).toBeLessThan(40)

    const { body } = await api.chat(asked)
    expect(body.response.split(' ').filter(Boolean)).toHaveLength(40)
    expect(await turnsOf('hal')).toHaveLength(2)
    const line = host.logs().find(({ status }) => status === 499)
    expect(line).toMatchObject({ route: 'POST /api/chat', user_id: 'hal' })
  })

  it('stops it too when the answer was to come at once', async () => {
    const before = wordsMade().length
    const hangUp = new AbortController()
    const asked = { user_id: 'ivo', message: 'say 400 words, 25 ms apart' }
    const call = fetch(`${host.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
      signal: hangUp.signal,
    })
    await expect.poll(() => turnsOf('ivo'), { timeout: 5000 }).toHaveLength(1)
    hangUp.abort()
    await expect(call).rejects.toThrow('abort')
    await expect.poll(() => wordsMade().length, { timeout: 5000 }).toBe(before + 1)
    expect(Number(wordsMade().at(-1)!['said'])).toBeLessThan(400)
  })

  it('is no fault: nothing is logged as an error', async () => {
    const errors = host.logs().filter(({ level }) => level === 'ERROR' || level === 'WARN')
    expect(errors).toEqual([])
  })

  it('leaves the answer to another who waits for it', async () => {
    const asked = {
      user_id: 'jo',
      message: 'say 20 words, 25 ms apart',
      message_id: 'two-watchers',
    }
    const hangUp = new AbortController()
    const response = await api.openStream(asked, hangUp.signal)
    const other = api.chat(asked)
    for await (const { event } of eventsOf(response)) if (event === 'token') break
    hangUp.abort()
    expect((await other).body.response.split(' ').filter(Boolean)).toHaveLength(20)
  })
})

describe('an answer that was not made', () => {
  it('is made by the same message_id, once the process that made it has died', async () => {
    await using data = await temporaryFolder()
    const options = { staged: true, dataDir: data.path }
    const asked = {
      user_id: 'kim',
      message: 'say 60 words, 50 ms apart',
      message_id: 'died-midway',
    }
    await using first = await startHost(options)
    const response = await first.api.openStream(asked)
    for await (const { event } of eventsOf(response)) if (event === 'token') break
    await first.stop('SIGKILL')
    // What the dead held runs out by itself; nobody waits for that here.
    const file = new DatabaseSync(join(data.path, STORE_FILE))
    const { changes } = file.prepare('UPDATE leases SET expires_at_ms = 0').run()
    file.close()
    expect(changes).toBe(1)
    await using second = await startHost(options)
    const { body } = await second.api.chat(asked)
    expect(body.response.split(' ').filter(Boolean)).toHaveLength(60)
    expect((await second.api.list('kim')).body.results).toHaveLength(2)
  })
})
