import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api, ListAnswer } from '../support/api.ts'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { faultsOf, problemOf } from '../support/problems.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Whose memories a call is about, and that nobody ever sees another's. */

let host: TestHost
let api: Api
beforeAll(async () => {
  // What a request says of https is believed as a proxy's word.
  host = await startHost({ env: { COOKIE_SECRET, TRUSTED_PROXIES: '1' } })
  api = host.api
  await api.chat({ user_id: 'ada', message: 'My garden is full of lavender.' })
  await api.chat({ user_id: 'alan', message: 'My garden is full of thistles.' })
})
afterAll(() => host[Symbol.asyncDispose]())

const textsOf = ({ body }: { body: ListAnswer }) => body.results.map(({ text }) => text)
const list = (headers: Record<string, string>, query = '') =>
  api.request<ListAnswer>('GET', `/api/memories${query}`, { headers })

describe('the owner of a call', () => {
  it('is named in the body, in the query or in the header', async () => {
    const question = { message: 'What is my garden full of?' }
    const byBody = await api.chat({ user_id: 'ada', ...question })
    expect(byBody.body).toMatchObject({ user_id: 'ada' })
    expect(byBody.body.response).toContain('lavender')
    const byHeader = await api.chat(question, { 'x-user-id': 'alan' })
    expect(byHeader.body).toMatchObject({ user_id: 'alan' })
    expect(byHeader.body.response).toContain('thistles')
    expect(textsOf(await list({ 'x-user-id': 'ada' }))).toContain('My garden is full of lavender.')
    expect(textsOf(await list({}, '?user_id=alan'))).toContain('My garden is full of thistles.')
  })

  it('is a fresh anonymous one for a chat that names nobody, each time another', async () => {
    const message = 'What is my garden full of?'
    const answers = [await api.chat({ message }), await api.chat({ message })]
    const owners = answers.map(({ body }) => body.user_id)
    expect(new Set(owners)).toHaveLength(2)
    for (const owner of owners) expect(owner).toMatch(/^[A-Za-z0-9][A-Za-z0-9._@-]{20,63}$/)
    expect(answers.map(({ body }) => body.context)).toEqual([[], []])
    expect(textsOf(await api.list(owners[0]!))).toContain(message)
  })

  it.each([
    ['POST', '/api/ingest', { items: [{ text: 'tea', role: 'user' }] }, '/user_id'],
    ['POST', '/api/memories/search', { query: 'tea' }, '/user_id'],
    ['GET', '/api/memories', undefined, '/query/user_id'],
    ['GET', '/api/memories/01a1fc1f-383d-726e-8bf6-f036098e3097', undefined, '/query/user_id'],
    ['DELETE', '/api/memories/01a1fc1f-383d-726e-8bf6-f036098e3097', undefined, '/query/user_id'],
  ])('is needed for %s %s', async (method, path, body, pointer) => {
    expect(faultsOf(await api.request(method, path, { body }), 422)).toHaveProperty([pointer])
  })

  it('cannot be two at once, nor badly named in the header', async () => {
    const two = await api.chat({ user_id: 'ada', message: 'tea' }, { 'x-user-id': 'alan' })
    expect(faultsOf(two, 422)).toHaveProperty('/headers/x-user-id')
    const same = await api.chat({ user_id: 'ada', message: 'Hello!' }, { 'x-user-id': 'ada' })
    expect(same.status).toBe(200)
    const bad = await api.chat({ message: '' }, { 'x-user-id': 'a b' })
    expect(Object.keys(faultsOf(bad, 422))).toEqual(['/headers/x-user-id', '/message'])
  })
})

describe('the session of a browser', () => {
  const adasBrowser = { cookie: `theme=dark; ${sessionOf('ada')}; other=1` }

  it('names the owner of a call from our own pages', async () => {
    const sameOrigin = { ...adasBrowser, 'sec-fetch-site': 'same-origin' }
    expect(textsOf(await list(sameOrigin))).toContain('My garden is full of lavender.')
    const asked = await api.chat({ message: 'What is my garden full of?' }, sameOrigin)
    expect(asked.body).toMatchObject({ user_id: 'ada' })
    expect(textsOf(await list({ ...adasBrowser, origin: host.url }))).not.toEqual([])
  })

  it('gives way to the user a call names', async () => {
    expect(textsOf(await list(adasBrowser, '?user_id=alan'))).toContain(
      'My garden is full of thistles.',
    )
  })

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling of this site', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['an origin without a name', { origin: 'null' }],
  ])('is not taken from %s', async (_, headers) => {
    faultsOf(await list({ ...adasBrowser, ...headers }), 422)
    const asked = await api.chat(
      { message: 'What is my garden full of?' },
      { ...adasBrowser, ...headers },
    )
    expect(asked.body.user_id).not.toBe('ada')
    expect(asked.body.context).toEqual([])
  })

  const [, signature] = sessionOf('ada').split('ada.')
  it.each([
    ['signed with another secret', sessionOf('ada', 'another-secret-with-enough-characters!')],
    ['of another user under this signature', `uid=alan.${signature}`],
    ['without a signature', 'uid=ada'],
    ['with an empty signature', 'uid=ada.'],
    ['with a changed signature', `${sessionOf('ada').slice(0, -1)}_`],
    ['with a longer signature', `${sessionOf('ada')}A`],
    ['of nobody', `uid=.${signature}`],
    ['that says what no user is called', sessionOf('a b')],
  ])('is nobody’s when it is %s', async (_, cookie) => {
    expect(faultsOf(await list({ cookie }), 422)).toHaveProperty('/query/user_id')
  })

  it('is made by the page, where no script and no other site can read it', async () => {
    const { headers } = await api.request('GET', '/')
    const [cookie, ...others] = headers.getSetCookie()
    expect(others).toEqual([])
    expect(cookie).toMatch(
      /^uid=u-[\w-]{22}\.[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/,
    )
    const [session = ''] = cookie!.split(';')
    const { body } = await api.chat({ message: 'Hello!' }, { cookie: session })
    expect(session).toContain(`uid=${body.user_id}.`)
    const again = await api.request('GET', '/', { headers: { cookie: session } })
    expect(again.headers.getSetCookie(), 'whoever is known keeps theirs').toEqual([])
    const https = await api.request('GET', '/', { headers: { 'x-forwarded-proto': 'https' } })
    expect(https.headers.getSetCookie()[0]).toMatch(
      /^__Host-uid=.*; HttpOnly; SameSite=Lax; Secure$/,
    )
  })

  it('outlasts a restart where no COOKIE_SECRET is set: one is made and kept', async () => {
    await using data = await temporaryFolder()
    await using first = await startHost({ dataDir: data.path })
    const { headers } = await first.api.request('GET', '/')
    const [cookie = ''] = headers.getSetCookie()[0]!.split(';')
    await first.api.chat({ message: 'I fence.' }, { cookie })
    await first.stop()
    await using second = await startHost({ dataDir: data.path })
    const asked = await second.api.chat({ message: 'Which sport do I fence?' }, { cookie })
    expect(cookie).toContain(`uid=${asked.body.user_id}.`)
    const { mode } = await stat(join(data.path, 'cookie-secret'))
    expect((mode & 0o777).toString(8), 'nobody else on the machine reads it').toBe('600')
  })

  it('over https has a name that no other host can set', async () => {
    const https = { 'x-forwarded-proto': 'https' }
    faultsOf(await list({ ...https, cookie: sessionOf('ada') }), 422)
    const bound = { ...https, cookie: `__Host-${sessionOf('ada')}` }
    expect(textsOf(await list(bound))).toContain('My garden is full of lavender.')
  })
})

describe('two users', () => {
  it('never find, list, read or delete what the other said', async () => {
    const mine = (await api.list('ada')).body.results.find(({ text }) => text.startsWith('My'))!
    expect((await api.get('ada', mine.id)).body.text).toBe('My garden is full of lavender.')

    problemOf(await api.get('alan', mine.id), 404)
    problemOf(await api.forget('alan', mine.id), 404)
    expect(textsOf(await api.list('alan')).join()).not.toContain('lavender')
    const query = { query: 'lavender garden', score_threshold: 0, top_k: 50 }
    const found = async (userId: string) =>
      (await api.search({ user_id: userId, ...query })).body.results.map(({ text }) => text).join()
    expect(await found('ada')).toContain('lavender')
    expect(await found('alan')).not.toContain('lavender')
    expect(await found('ADA'), 'another spelling is another user').toBe('')
    expect((await api.get('ada', mine.id)).status, 'it is still there').toBe(200)
  })

  it('do not share conversations of the same name', async () => {
    const metadata = { conversation_id: 'shared-name' }
    await api.chat({ user_id: 'ada', message: 'The password is sesame.', metadata })
    const asked = { message: 'What is the password?', metadata }
    expect((await api.chat({ user_id: 'ada', ...asked })).body.response).toContain('sesame')
    const other = await api.chat({ user_id: 'alan', ...asked })
    expect(other.body.response).not.toContain('sesame')
    expect(other.body.context.map(({ text }) => text).join()).not.toContain('sesame')
  })

  it('cannot use one message_id for two messages', async () => {
    const turn = { message: 'I have a parrot.', message_id: 'one-id-for-two' }
    expect(await api.chat({ user_id: 'ada', ...turn })).toMatchObject({ status: 200 })
    const answer = await api.chat({ user_id: 'alan', ...turn })
    problemOf(answer, 409)
    expect(JSON.stringify(answer.body)).not.toContain('parrot')
    expect(textsOf(await api.list('alan'))).not.toContain('I have a parrot.')
  })

  it('do not page through one another’s lists', async () => {
    const { body } = await api.list('ada', { limit: '1' })
    const answer = await api.list('alan', { cursor: body.next_cursor! })
    expect(faultsOf(answer, 422)).toHaveProperty('/query/cursor')
  })
})
