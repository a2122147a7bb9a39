import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { bearer, keyFor } from '../support/keys.ts'
import {
  type Attempt,
  byCookie,
  byId,
  type Found,
  NEARLY_ADA,
  onPage,
  PLACES,
} from './isolation/attempts.ts'
import { drivers } from './isolation/drivers.ts'

/**
 * Axes: store driver, with and without keys, operation, place of the name or id, spelling. Nothing that Alan tries
 * shows him a word of Ada's, or changes one.
 */

const SECRET = 'lavender-7f3a'
const ada = keyFor('ada')
const alan = keyFor('alan')
let tried = 0

for (const driver of drivers) {
  // Keys are looked at before any store is.
  for (const keyed of driver.name === 'sqlite' ? [false, true] : [false]) {
    const why = driver.missing === undefined ? '' : ` [${driver.missing}]`
    describe.skipIf(why)(`${driver.name}, ${keyed ? 'with' : 'without'} keys${why}`, () => {
      let started: Awaited<ReturnType<(typeof drivers)[number]['start']>>
      let host: TestHost
      let found: Found
      let before: string
      let page: Record<string, string>
      const as = (key: { key: string }) => (keyed ? bearer(key.key) : {})
      const adasExport = async () =>
        (await host.api.request<string>('GET', '/api/users/ada/export', { headers: as(ada) })).body

      beforeAll(async () => {
        started = await driver.start()
        const keys: Record<string, string> = keyed ? { API_KEYS: `${ada.entry},${alan.entry}` } : {}
        host = await startHost({
          staged: true,
          env: { ...started.env, ...keys, COOKIE_SECRET, GENERATIONS_PER_USER: '0' },
        })
        found = await settle(host, as)
        page = { cookie: await cookieOf(host, keyed), origin: host.url }
        before = await adasExport()
        if (!before.includes(SECRET)) throw new Error('There is nothing to be found.')
      })
      afterAll(async () => {
        await host[Symbol.asyncDispose]()
        await started.stop()
      })

      /** What shows a word of Ada's; and afterwards all that is hers must be as it was. */
      async function leaksOf(attempts: readonly Attempt[], headers: Record<string, string>) {
        const leaks: string[] = []
        for (const attempt of attempts) {
          tried += 1
          const shown = await answerTo(host, attempt, headers)
          if (shown.includes(SECRET)) leaks.push(`${attempt.what}: ${shown.slice(0, 200)}`)
          if (/^5\d\d/.test(shown)) leaks.push(`${attempt.what} broke: ${shown.slice(0, 200)}`)
        }
        if ((await adasExport()) !== before) leaks.push('What is Ada’s was changed.')
        return leaks
      }

      const names = keyed ? ['ada', ...NEARLY_ADA] : NEARLY_ADA
      it.each(Object.entries(PLACES))('by a name that is not his: %s', async (_, place) => {
        const attempts = names
          .map((name) => {
            const attempt = place(name, found)
            return { ...attempt, what: `${attempt.what} as ${JSON.stringify(name.slice(0, 40))}` }
          })
          // HTTP trims a header, and without keys whoever names Ada speaks for her.
          .filter(({ headers = {} }) => keyed || headers['x-user-id']?.trim() !== 'ada')
        expect(await leaksOf(attempts, as(alan))).toEqual([])
      })

      it('by an id that is hers, or everybody’s', async () => {
        expect(await leaksOf(byId(found), as(alan))).toEqual([])
      })

      it('by the page', async () => {
        expect(await leaksOf(onPage(found), page)).toEqual([])
      })

      it('by a cookie', async () => {
        expect(await leaksOf(byCookie(found), {})).toEqual([])
      })

      it('by what it says of an id: hers and nobody’s are told alike', async () => {
        const nobodys = found.memoryId.replace(/.{4}$/, '0000')
        for (const method of ['GET', 'DELETE']) {
          const [hers, none] = await Promise.all(
            [found.memoryId, nobodys].map((id) =>
              host.api.request<{ request_id: string }>(method, `/api/memories/${id}?user_id=alan`, {
                headers: as(alan),
              }),
            ),
          )
          const { request_id: _, ...told } = hers!.body
          expect(told).toEqual({ ...none!.body, request_id: undefined })
          expect(hers!.status).toBe(404)
        }
      })

      it('by ending an answer of hers that is being made', async () => {
        const turn = { message: 'say 12 words, 50 ms apart', message_id: 'running-of-ada' }
        const running = host.api.chat({ user_id: 'ada', ...turn }, as(ada))
        const path = '/c/default/m/running-of-ada'
        for (const what of ['stop', 'retry', 'stop']) {
          await answerTo(host, { what, method: 'POST', path: `${path}/${what}`, form: {} }, page)
        }
        const stream = await answerTo(
          host,
          { what: '', method: 'GET', path: `${path}/stream` },
          page,
        )
        expect(stream).not.toContain('word1')
        expect((await running).body.response).toContain('word11')
      })
    })
  }
}

it('were many attempts', () => {
  console.log(`Isolation: ${tried} attempts.`)
  expect(tried).toBeGreaterThan(1000)
})

/** Says what is Ada's, and finds out all about it that a stranger might. */
async function settle(
  host: TestHost,
  as: (key: { key: string }) => Record<string, string>,
): Promise<Found> {
  const turn = { message_id: 'adas-message-1', metadata: { conversation_id: 'secret' } }
  await host.api.chat({ user_id: 'ada', message: `The password is ${SECRET}.`, ...turn }, as(ada))
  const items = [1, 2, 3].map((n) => ({ text: `${SECRET}, the ${n}th time.`, role: 'user' }))
  await host.api.request('POST', '/api/ingest', {
    body: { user_id: 'ada', items },
    headers: as(ada),
  })
  await host.api.chat({ user_id: 'alan', message: 'I know no password.' }, as(alan))
  const { body } = await host.api.request<{
    results: { id: string; role: string; conversation_id: string }[]
    next_cursor: string
  }>('GET', '/api/memories?user_id=ada&limit=4', { headers: as(ada) })
  const whole = await host.api.request<typeof body>('GET', '/api/memories?user_id=ada', {
    headers: as(ada),
  })
  const ofTurn = (role: string) =>
    whole.body.results.find(
      (memory) => memory.conversation_id === 'secret' && memory.role === role,
    )!
  const signature = sessionOf('alan').split('alan.')[1]!
  return {
    memoryId: ofTurn('user').id,
    answerId: ofTurn('assistant').id,
    messageId: turn.message_id,
    conversationId: 'secret',
    cursor: encodeURIComponent(body.next_cursor),
    cookies: [
      'uid=ada',
      'uid=ada.',
      `uid=ada.${signature}`,
      `uid=alan.ada.${signature}`,
      `uid=ada; ${sessionOf('alan')}`,
      `uid=ada.${signature}; uid=ada.${signature}`,
      `session=99999999999.0000000000000000.ada.${signature}`,
      'session=ada; user_id=ada; X-User-Id=ada',
      `__Host-uid=ada.${signature}`,
      sessionOf('аda'),
      sessionOf('ada '),
      sessionOf('*'),
    ],
  }
}

/** The cookie of Alan's own browser. */
async function cookieOf(host: TestHost, keyed: boolean): Promise<string> {
  if (!keyed) return sessionOf('alan')
  const answer = await fetch(`${host.url}/sign-in`, {
    method: 'POST',
    headers: { origin: host.url },
    body: new URLSearchParams({ key: alan.key }),
    redirect: 'manual',
  })
  return answer.headers.getSetCookie()[0]!.split(';')[0]!
}

/** All that comes back, as one text: status, headers, body. */
async function answerTo(
  host: TestHost,
  { method, path, headers, body, form }: Attempt,
  identity: Record<string, string>,
): Promise<string> {
  const sent = form
    ? new URLSearchParams(form)
    : typeof body === 'string'
      ? body
      : body && JSON.stringify(body)
  const type = form || body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(host.url + path, {
    method,
    headers: { ...type, ...identity, ...headers },
    body: (sent as string | undefined) ?? null,
    redirect: 'manual',
  })
  const told = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
  return `${response.status}\n${told}\n${await response.text()}`
}
