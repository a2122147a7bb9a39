import { execFile } from 'node:child_process'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListAnswer } from '../support/api.ts'
import { startHost, startRefused, type TestHost } from '../support/host.ts'
import { bearer, keyFor } from '../support/keys.ts'
import { faultsOf, problemOf } from '../support/problems.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Where keys are configured, a key says who calls, and for whom they may speak. */

const ada = keyFor('ada')
const alan = keyFor('alan')
const admin = keyFor('*')
const API_KEYS = [ada, alan, admin].map(({ entry }) => entry).join(',')

const CALLS: [method: string, path: string, body?: unknown][] = [
  ['POST', '/api/chat', { message: 'Hello!' }],
  ['POST', '/api/ingest', { items: [{ text: 'tea', role: 'user' }] }],
  ['GET', '/api/memories'],
  ['POST', '/api/memories/search', { query: 'tea' }],
  ['GET', '/api/memories/01a1fc1f-383d-726e-8bf6-f036098e3097'],
  ['DELETE', '/api/memories/01a1fc1f-383d-726e-8bf6-f036098e3097'],
  ['DELETE', '/api/conversations/default'],
  ['GET', '/api/users/ada/export'],
  ['DELETE', '/api/users/ada?dry_run=true'],
]

describe('with keys', () => {
  let host: TestHost
  beforeAll(async () => {
    host = await startHost({ env: { API_KEYS } })
    const chats = [
      [ada, 'I grow lavender.'],
      [alan, 'I grow thistles.'],
    ] as const
    for (const [{ key }, message] of chats) await host.api.chat({ message }, bearer(key))
  })
  afterAll(() => host[Symbol.asyncDispose]())

  const list = async (headers: Record<string, string>, query = '') =>
    host.api.request<ListAnswer>('GET', `/api/memories${query}`, { headers })
  const textsOf = ({ body }: { body: ListAnswer }) => body.results.map(({ text }) => text).join()

  it.each(CALLS)('%s %s asks for one', async (method, path, body) => {
    const none = await host.api.request(method, path, { body })
    expect(problemOf(none, 401).title).toBe('Key needed')
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="AI Memory Layer"')
    const wrong = await host.api.request(method, path, { body, headers: bearer('aiml_guess') })
    problemOf(wrong, 401)
    expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  it.each([
    ['with another scheme', { authorization: `Basic ${ada.key}` }],
    ['with nothing behind the scheme', { authorization: 'Bearer ' }],
    ['that is the hash', bearer(ada.entry.split(':')[1]!)],
    ['that is the entry', bearer(ada.entry)],
    ['that is another’s, changed by one character', bearer(`${ada.key.slice(0, -1)}_`)],
    ['that is cut', bearer(ada.key.slice(0, -1))],
    ['that is longer', bearer(`${ada.key}A`)],
    ['in the query alone', {}, `?api_key=${ada.key}`],
    ['in a cookie alone', { cookie: `session=${ada.key}; uid=ada` }],
    ['beside a user who is only named', { 'x-user-id': 'ada' }],
  ])('is none %s', async (_, headers, query = '') => {
    expect(problemOf(await list(headers, query), 401).title).toBe('Key needed')
  })

  it('is taken from either header, and says who calls', async () => {
    expect(textsOf(await list(bearer(ada.key)))).toContain('lavender')
    expect(textsOf(await list({ authorization: `bearer  ${alan.key}` }))).toContain('thistles')
    expect(textsOf(await list({ 'x-api-key': ada.key }))).toContain('lavender')
    const asked = await host.api.chat({ message: 'What do I grow?' }, bearer(ada.key))
    expect(asked.body).toMatchObject({ user_id: 'ada' })
    expect(asked.body.response).toContain('lavender')
  })

  it('does not speak for another user, wherever that one is named: 404, as of nobody', async () => {
    const headers = bearer(ada.key)
    const post = (path: string, body: unknown, more = {}) =>
      host.api.request('POST', path, { body, headers: { ...headers, ...more } })
    for (const user_id of ['alan', 'nobody']) {
      problemOf(await list(headers, `?user_id=${user_id}`), 404)
      problemOf(await list({ ...headers, 'x-user-id': user_id }), 404)
      problemOf(await list({ ...headers, 'x-user-id': user_id }, '?user_id=ada'), 404)
      problemOf(await post('/api/chat', { user_id, message: 'Hello!' }), 404)
      problemOf(await post('/api/chat', { message: 'Hello!' }, { 'x-user-id': user_id }), 404)
      const items = [{ text: 'mine now', role: 'user' }]
      problemOf(await post('/api/ingest', { user_id, items }), 404)
      problemOf(await post('/api/memories/search', { user_id, query: 'grow' }), 404)
    }
    expect(textsOf(await list(bearer(alan.key)))).not.toContain('mine now')
    expect((await list(headers, '?user_id=ada')).status, 'a claim that agrees').toBe(200)
  })

  it('of an administrator speaks for anyone, but for somebody', async () => {
    const headers = bearer(admin.key)
    expect(textsOf(await list(headers, '?user_id=ada'))).toContain('lavender')
    expect(textsOf(await list({ ...headers, 'x-user-id': 'alan' }))).toContain('thistles')
    faultsOf(await list(headers), 422)
    faultsOf(await list({ ...headers, 'x-user-id': 'alan' }, '?user_id=ada'), 422)
    const { body } = await host.api.chat({ message: 'Hello!' }, headers)
    expect(body.user_id).toMatch(/^u-[\w-]{22}$/)
  })

  it('is not needed to see whether all is well, which no longer says that anyone may speak', async () => {
    const health = await host.api.request<{ notes: string[] }>('GET', '/api/health')
    expect(health.status).toBe(200)
    expect(health.body.notes.join()).not.toContain('No API key')
    await using open = await startHost()
    const { body } = await open.api.request<typeof health.body>('GET', '/api/health')
    expect(body.notes.join()).toContain('No API key')
  })

  it('is called by its label in the log, and nowhere by itself', async () => {
    await list(bearer(ada.key))
    const lines = host.logs().filter(({ key }) => key === 'key-of-ada')
    expect(lines.length).toBeGreaterThan(0)
    for (const { key, entry } of [ada, alan, admin]) {
      expect(host.output()).not.toContain(key)
      expect(host.output()).not.toContain(entry.split(':')[1])
    }
  })
})

describe('a file of keys', () => {
  it('is read again whenever it changes: a key comes, goes, and nothing opens when the file is gone', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'keys')
    await writeFile(file, `# who may call\n\n${ada.entry}\n`)
    await using host = await startHost({ env: { API_KEYS_FILE: file } })
    const status = async (key: string) =>
      (await host.api.request('GET', '/api/memories', { headers: bearer(key) })).status
    expect([await status(ada.key), await status(alan.key)]).toEqual([200, 401])

    await writeFile(`${file}.new`, `${alan.entry}\n`)
    await rename(`${file}.new`, file)
    expect([await status(ada.key), await status(alan.key)]).toEqual([401, 200])

    await writeFile(file, `${alan.entry}\nnonsense\n${ada.entry}\n`)
    expect([await status(ada.key), await status(alan.key)]).toEqual([200, 200])
    const told = host.logs().filter(({ message }) => message === 'keys')
    expect(JSON.stringify(told)).toContain('Line 2 is not label:sha256:user')

    await rm(file)
    expect([await status(ada.key), await status(alan.key)]).toEqual([401, 401])
    expect((await host.api.request('GET', '/api/memories?user_id=ada')).status).toBe(401)
    expect((await host.api.request('GET', '/api/health')).status).toBe(200)
  })

  it('and the environment are both asked', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'keys')
    await writeFile(file, ada.entry)
    await using host = await startHost({ env: { API_KEYS_FILE: file, API_KEYS: alan.entry } })
    for (const { key } of [ada, alan]) {
      expect(
        await host.api.request('GET', '/api/memories', { headers: bearer(key) }),
      ).toMatchObject({ status: 200 })
    }
  })
})

describe('entries that are none', () => {
  const hash = ada.entry.split(':')[1]!
  it.each([
    ['a key itself', ada.key],
    ['a key where its hash should be', `label:${ada.key}:ada`],
    ['no user', `label:${hash}:`],
    ['no label', `:${hash}:ada`],
    ['a user who cannot be', `label:${hash}:a b`],
    ['half a hash', `label:${hash.slice(1)}:ada`],
    ['two stars', `label:${hash}:**`],
    ['one key for two users', `a:${hash}:ada,b:${hash}:alan`],
    ['nothing at all', ' , '],
  ])('stop the start, unquoted: %s', async (_, entries) => {
    const { code, stderr } = await startRefused({ API_KEYS: entries })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^- API_KEYS: /m)
    expect(stderr).not.toContain(ada.key)
    expect(stderr).not.toContain(hash.slice(1))
  })

  it('stop the start in a file too, as does a file that is not there', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'keys')
    await writeFile(file, `${ada.entry}\n${alan.key}\n`)
    const { code, stderr } = await startRefused({ API_KEYS_FILE: file })
    expect([code, stderr]).toEqual([1, expect.stringContaining('- API_KEYS_FILE: Line 2 is not')])
    expect(stderr).not.toContain(alan.key)
    const missing = await startRefused({ API_KEYS_FILE: join(folder.path, 'none') })
    expect(missing.stderr).toContain('- API_KEYS_FILE: The file cannot be read (ENOENT).')
  })
})

describe('npm run key', () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['scripts/key.ts', ...args]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    )

  it.each([
    [['--user', 'ada@example.org'], 'ada.example.org', 'ada@example.org'],
    [['--admin'], 'admin', '*'],
    [['--user', 'ada', '--label', 'laptop'], 'laptop', 'ada'],
  ])('%j makes a key that is let in by its entry', async (args, label, userId) => {
    const { stdout } = await run(...args)
    const [, key = ''] = /^Key.*: (aiml_[\w-]{43})$/m.exec(stdout) ?? []
    const [, entry = ''] = /^Entry.*: (\S+)$/m.exec(stdout) ?? []
    expect(entry).toMatch(/^[\w.-]+:[0-9a-f]{64}:/)
    expect(entry.split(':')).toEqual([label, expect.any(String), userId])
    await using host = await startHost({ env: { API_KEYS: entry } })
    const headers = { ...bearer(key), 'x-user-id': userId === '*' ? 'anyone' : userId }
    expect((await host.api.request('GET', '/api/memories', { headers })).status).toBe(200)
  })

  it.each([[], ['--user', 'a b'], ['--user', 'ada', '--admin'], ['--admin', '--label', 'a:b']])(
    'says what it wants for %j %j %j',
    async (...args) => {
      expect(await run(...args)).toEqual({ code: 1, stdout: '' })
    },
  )
})
