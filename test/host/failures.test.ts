import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProblemBody } from '../support/api.ts'
import { textOf } from '../support/events.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { problemOf } from '../support/problems.ts'

/** What goes wrong on our side is told as a problem, with what to do, and without a word of how it went wrong. */

let host: TestHost
beforeAll(async () => {
  host = await startHost({ staged: true, env: { TURN_TIMEOUT_MS: '2000' } })
})
afterAll(() => host[Symbol.asyncDispose]())

const errorLines = () => host.logs().filter(({ level }) => level === 'ERROR')

describe('a model that does not do its part', () => {
  it.each([
    ['unavailable', 503, '7'],
    ['refused', 502, null],
    ['nonsense', 502, null],
    ['timeout', 504, null],
  ])('%s is %i', async (failure, status, retryAfter) => {
    const turn = { user_id: 'ada', message: `fail as ${failure}`, message_id: `fail-${failure}` }
    const answer = await host.api.chat(turn)
    expect(problemOf(answer, status).detail).toBe('The staged model did not answer.')
    expect(answer.headers.get('retry-after')).toBe(retryAfter)
    const events = await host.api.chatEvents({ ...turn, message_id: `stream-${failure}` })
    expect(events.map(({ event }) => event)).toEqual(['context', 'error'])
    expect(events[1]!.data).toMatchObject({ status, detail: 'The staged model did not answer.' })
  })

  it('after its first words has these words stand, and then the problem', async () => {
    const turn = { user_id: 'bo', message: 'say 3 words, 1 ms apart, then unavailable' }
    const events = await host.api.chatEvents(turn)
    expect(textOf(events)).toBe('word0 word1 word2 ')
    expect(events.at(-1)).toMatchObject({
      event: 'error',
      data: { status: 503, request_id: expect.any(String) as string },
    })
    expect(events.filter(({ event }) => event === 'done')).toEqual([])
  })

  it('keeps the message, and the same message_id makes the answer later', async () => {
    const turn = { user_id: 'cy', message: 'fail as unavailable', message_id: 'later-it-works' }
    problemOf(await host.api.chat(turn), 503)
    problemOf(await host.api.chat(turn), 503)
    const { results } = (await host.api.list('cy')).body
    expect(results.map(({ text }) => text)).toEqual(['fail as unavailable'])
    await using mended = await startHost({ dataDir: host.dataDir })
    const { body } = await mended.api.chat(turn)
    expect(body.response).toBe('Noted: “fail as unavailable”')
  })
})

describe('a failure that nobody foresaw', () => {
  it('is 500 by its request id, without its name, its text or a stack', async () => {
    const turn = { user_id: 'di', message: 'fail as unforeseen' }
    const whole = await host.api.chat(turn, { 'x-request-id': 'unforeseen-1' })
    expect(problemOf(whole, 500)).toEqual({
      type: 'about:blank',
      title: 'Internal error',
      status: 500,
      detail: expect.any(String) as string,
      request_id: 'unforeseen-1',
    })
    const events = await host.api.chatEvents(turn, { 'x-request-id': 'unforeseen-2' })
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { status: 500 } })
    for (const told of [JSON.stringify(whole.body), JSON.stringify(events)]) {
      expect(told).not.toMatch(/TypeError|Cannot read|\.mjs| at /)
    }
  })

  it('in the store is told and logged in the same way, by every function', async () => {
    const user_id = 'store-broken'
    const answers = [
      await host.api.chat({ user_id, message: 'Hello!' }),
      await host.api.ingest({ user_id, items: [{ text: 'tea', role: 'user' }] }),
      await host.api.list(user_id),
    ]
    for (const answer of answers) {
      const { request_id, detail } = problemOf(answer, 500)
      expect(detail).toContain('request id')
      const lines = errorLines().filter((line) => line['request_id'] === request_id)
      expect(lines).toMatchObject([{ message: 'failed', failure: { name: 'RangeError' } }])
    }
    expect(JSON.stringify(answers) + host.output()).not.toContain('Quotes what')
  })

  it('is logged with its name and place, and without its text', () => {
    const lines = errorLines().filter(({ request_id }) =>
      String(request_id).startsWith('unforeseen-'),
    )
    expect(new Set(lines.map(({ request_id }) => request_id))).toHaveLength(2)
    for (const line of lines) {
      expect(JSON.stringify(line)).toContain('"name":"TypeError"')
      expect(JSON.stringify(line)).toMatch(/"at":\["at /)
    }
    expect(host.output()).not.toContain('Cannot read')
  })
})

describe('an answer that takes too long', () => {
  it('is given up with 504, and the message_id can be sent again', async () => {
    const turn = { user_id: 'ed', message: 'never answer', message_id: 'never-ever' }
    expect(problemOf(await host.api.chat(turn), 504).detail).toMatch(/again/)
    problemOf(await host.api.chat(turn), 504)
  })

  it('is given up in the stream by a problem that says 504', async () => {
    const events = await host.api.chatEvents({ user_id: 'flo', message: 'never answer' })
    expect(events.map(({ event }) => event)).toEqual(['context', 'error'])
    expect((events[1]!.data as ProblemBody).status).toBe(504)
  })

  it('has what it said until then stand', async () => {
    const turn = { user_id: 'gus', message: 'say 400 words, 20 ms apart' }
    const events = await host.api.chatEvents(turn)
    expect(textOf(events)).toMatch(/^word0 word1 /)
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { status: 504 } })
  })
})

describe('a store that does not answer', () => {
  it('is 503 with a time to come back, in every call', async () => {
    const user_id = 'storeless'
    const answers = [
      await host.api.chat({ user_id, message: 'Hello!' }),
      await host.api.ingest({ user_id, items: [{ text: 'tea', role: 'user' }] }),
      await host.api.search({ user_id, query: 'tea' }),
      await host.api.list(user_id),
      await host.api.get(user_id, '01a1fc1f-383d-726e-8bf6-f036098e3097'),
    ]
    for (const answer of answers) {
      problemOf(answer, 503)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })
})

describe('an embedder that does not answer', () => {
  it('is made up for by the words: message, ingest and search still work', async () => {
    const items = [{ text: 'The unembeddable token is heliotrope.', role: 'user' }]
    expect(await host.api.ingest({ user_id: 'hal', items })).toMatchObject({ status: 200 })
    const turn = { user_id: 'hal', message: 'What is the unembeddable token?' }
    const { status, body } = await host.api.chat(turn)
    expect(status).toBe(200)
    expect(body.response).toContain('heliotrope')
    const found = await host.api.search({ user_id: 'hal', query: 'unembeddable token heliotrope' })
    expect(found.body.results.map(({ text }) => text)).toContain(items[0]!.text)
  })
})

describe('a function that breaks its contract', () => {
  it.each(['/broken', '/streams/throw-before-the-first-write', '/streams/end-only'])(
    'is 500 as long as nothing was answered: %s',
    async (path) => {
      const answer = await host.api.request('GET', path)
      const { request_id } = problemOf(answer, 500)
      const lines = errorLines().filter((line) => line['request_id'] === request_id)
      expect(lines).toMatchObject([{ message: 'failed', function_name: 'host' }])
      expect(JSON.stringify(answer.body) + host.output()).not.toContain('quotes what')
    },
  )

  it('is cut where its answer has begun, so that nobody takes it for whole', async () => {
    const response = await fetch(`${host.url}/streams/throw-later`)
    expect(response.status).toBe(202)
    await expect(response.text()).rejects.toThrow('terminated')
    expect((await host.api.request('GET', '/healthz')).status).toBe(200)
  })

  it('sets its cookies and headers through the host as it said them', async () => {
    const response = await fetch(`${host.url}/streams/write-bytes`)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('x-case')).toBe('yes')
    expect(await response.text()).toBe('héllo')
  })
})
