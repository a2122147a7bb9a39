import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { problemOf } from '../support/problems.ts'

/** How many answers are made at once, and what becomes of the others. */

const SLOW = 'say 5 words, 100 ms apart'

describe('answers that are made at once', () => {
  let host: TestHost
  beforeAll(async () => {
    const env = { GENERATIONS_PER_USER: '1', GENERATIONS_TOTAL: '2' }
    host = await startHost({ staged: true, env })
  })
  afterAll(() => host[Symbol.asyncDispose]())

  const textsOf = async (userId: string) =>
    (await host.api.list(userId)).body.results
      .filter(({ role }) => role === 'user')
      .map(({ text }) => text)

  it('have a short queue for each user; what is beyond is a 503 at once, and nothing of it is stored', async () => {
    const answers = await Promise.all(
      [0, 1, 2, 3, 4].map((n) => host.api.chat({ user_id: 'ada', message: `${SLOW} (${n})` })),
    )
    const answered = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status === 503)
    expect([answered.length, refused.length]).toEqual([3, 2])
    for (const answer of refused) {
      expect(problemOf(answer, 503).title).toBe('Too many answers at once')
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(await textsOf('ada')).toHaveLength(3)
    const [first, second] = answered.map(({ body }) => body.timings.first_token_ms)
    expect([first, second].every((ms) => ms! > 0)).toBe(true)
  })

  it('are so many in all; a user who has none waits behind those who have', async () => {
    const users = ['grace', 'edsger', 'barbara', 'donald', 'tony']
    const answers = await Promise.all(
      users.map((user) => host.api.chat({ user_id: user, message: SLOW })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4)
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(1)
  })

  it('leave their place when nobody waits for them any more', async () => {
    const gone = new AbortController()
    const streams = ['alan', 'alan'].map((user_id, n) =>
      host.api.openStream({ user_id, message: `say 600 words, 100 ms apart (${n})` }, gone.signal),
    )
    await Promise.race(streams)
    gone.abort()
    await Promise.allSettled(streams)
    const answer = await host.api.chat({ user_id: 'alan', message: 'say 1 words' })
    expect(answer.body).toMatchObject({ response: 'word0 ' })
  })

  it('are made when the same message is sent again, once there is a place', async () => {
    const turns = [0, 1, 2, 3].map((n) => ({
      user_id: 'ken',
      message: `${SLOW} (${n})`,
      message_id: `sent-while-busy-${n}`,
    }))
    const answers = await Promise.all(turns.map((turn) => host.api.chat(turn)))
    const at = answers.findIndex(({ status }) => status === 503)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
    expect(await textsOf('ken')).toHaveLength(3)
    expect(await host.api.chat(turns[at]!)).toMatchObject({ status: 200 })
    expect(await textsOf('ken')).toHaveLength(4)
  })
})
