import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { keyFor } from '../support/keys.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What a browser is let in by once it has given a key. */

const ada = keyFor('ada')
const alan = keyFor('alan')

function post(host: TestHost, path: string, form: Record<string, string>, headers = {}) {
  return fetch(host.url + path, {
    method: 'POST',
    headers: {
      origin: host.url,
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    },
    body: new URLSearchParams(form),
    redirect: 'manual',
  })
}

const view = (host: TestHost, path: string, headers: Record<string, string> = {}) =>
  fetch(host.url + path, { headers: { accept: 'text/html', ...headers }, redirect: 'manual' })

async function sessionFor(host: TestHost, key: string, headers = {}): Promise<string> {
  const answer = await post(host, '/sign-in', { key }, headers)
  expect(answer.status).toBe(303)
  return answer.headers.getSetCookie()[0]!.split(';')[0]!
}

describe('the session of a key', () => {
  let host: TestHost
  beforeAll(async () => {
    host = await startHost({ env: { API_KEYS: ada.entry, TRUSTED_PROXIES: '1' } })
  })
  afterAll(() => host[Symbol.asyncDispose]())

  it('is a signed cookie of this host alone, bound to https where that is spoken', async () => {
    const plain = await post(host, '/sign-in', { key: ada.key, back: '/memories' })
    expect(plain.headers.get('location')).toBe('/memories')
    expect(plain.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^session=\d+\.\w{16}\.ada\.[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/,
      ),
    ])
    const https = { 'x-forwarded-proto': 'https' }
    const secure = await post(host, '/sign-in', { key: ada.key }, https)
    expect(secure.headers.getSetCookie()[0]).toMatch(/^__Host-session=.*; SameSite=Lax; Secure$/)
    const [cookie = ''] = plain.headers.getSetCookie()[0]!.split(';')
    expect((await view(host, '/', { cookie })).status).toBe(200)
    expect((await view(host, '/', { cookie, ...https })).status, 'not taken from http').toBe(303)
    const theme = await post(
      host,
      '/theme',
      { theme: 'dark' },
      { cookie: `__Host-${cookie}`, ...https },
    )
    expect(theme.headers.getSetCookie()[0]).toMatch(/^__Host-theme=dark; .*HttpOnly.*; Secure$/)
  })

  it('ends with its key, and belongs to nobody else', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'keys')
    await writeFile(file, `${ada.entry}\n${alan.entry}\n`)
    await using host = await startHost({ env: { API_KEYS_FILE: file, COOKIE_SECRET } })
    const cookie = await sessionFor(host, ada.key)
    expect((await view(host, '/', { cookie })).status).toBe(200)
    const [, until, mark] = /^session=(\d+)\.(\w+)/.exec(cookie)!
    const signature = cookie.split('.').at(-1)
    for (const forged of [
      cookie.replace('.ada.', '.alan.'),
      cookie.replace(until!, String(Number(until) + 1)),
      cookie.replace(
        mark!,
        mark!.replace(/^./, (first) => (first === '0' ? '1' : '0')),
      ),
      `session=ada.${signature}`,
      'session=',
      sessionOf('ada'), // Of the time when no key was asked for.
      sessionOf(`${until}.${mark}.ada`).replace('uid=', 'session='),
    ]) {
      expect([forged, (await view(host, '/', { cookie: forged })).status]).toEqual([forged, 303])
    }
    await writeFile(file, alan.entry)
    expect((await view(host, '/', { cookie })).status).toBe(303)
  })

  it('is not made by another site, nor does it open the API', async () => {
    const elsewhere = { origin: 'https://evil.example' }
    expect((await post(host, '/sign-in', { key: ada.key }, elsewhere)).status).toBe(403)
    expect((await post(host, '/sign-out', {}, elsewhere)).status).toBe(403)
    const cookie = await sessionFor(host, ada.key)
    const headers = { cookie, 'sec-fetch-site': 'same-origin' }
    expect((await view(host, '/api/memories', headers)).status).toBe(401)
    const other = await post(host, '/user', { user_id: 'alan' }, { cookie })
    expect([other.status, other.headers.getSetCookie()]).toEqual([404, []])
  })

  it('leads nowhere but to this site', async () => {
    for (const back of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      'memories',
      '',
    ]) {
      const answer = await post(host, '/sign-in', { key: ada.key, back })
      expect([back, answer.headers.get('location')]).toEqual([back, '/'])
    }
  })

  it.each([
    '/',
    '/new',
    '/c/default',
    '/memories',
    '/memories/download',
    '/c/one/m/message-1/live',
  ])('is asked for at %s', async (path) => {
    const answer = await view(host, path)
    expect([303, 401]).toContain(answer.status)
    const asked = await fetch(host.url + path, { headers: { accept: 'text/html' } })
    expect(await asked.text()).toContain('name="key"')
    expect(answer.headers.getSetCookie()).toEqual([])
    const part = await view(host, path, { 'hx-request': 'true' })
    expect([part.status, part.headers.get('hx-retarget')]).toEqual([401, '#alert'])
  })

  it('is asked for before anything is done, and the stream tells a stranger nothing', async () => {
    const forms = ['/c/a/messages', '/user', '/theme', '/memories/forget-all', '/memories/upload']
    for (const path of forms) {
      const answer = await post(host, path, { text: 'x', message_id: 'message-1', user_id: 'ada' })
      expect([path, answer.status]).toEqual([path, 401])
    }
    const stream = await view(host, '/c/default/m/message-1/stream')
    expect([stream.status, await stream.text()]).toEqual([200, 'event: done\ndata: \n\n'])
    expect((await view(host, '/nothing/here')).status).toBe(404)
  })
})

describe('where no key is asked for', () => {
  it('there is nothing to sign in to', async () => {
    await using host = await startHost()
    for (const answer of [
      await view(host, '/sign-in'),
      await post(host, '/sign-in', { key: ada.key }),
      await post(host, '/sign-out', {}),
    ]) {
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
      expect(answer.headers.getSetCookie()).toEqual([])
    }
  })
})
