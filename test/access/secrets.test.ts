import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfig, variables } from '../../lib/config.ts'
import { startHost, startRefused, type TestHost } from '../support/host.ts'
import { bearer, keyFor } from '../support/keys.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Secrets are planted in every setting that holds one, and then looked for in everything that leaves the product. */

const ada = keyFor('ada')
const admin = keyFor('*')
const planted: Record<string, string> = {
  COOKIE_SECRET: 'planted-cookie-secret-0123456789-abcdef',
  HF_TOKEN: 'hf_plantedtokenofhuggingface',
  HF_ENDPOINT_TOKEN: 'planted-endpoint-token',
  HF_EMBEDDING_ENDPOINT_TOKEN: 'planted-embedding-token',
  PINECONE_API_KEY: 'pcsk_planted-pinecone-key',
}
/** With settings that need none of the services whose secrets these are; what fails must not tell them either. */
const around = { STORE: 'sqlite', GENERATOR: 'builtin', EMBEDDER: 'builtin' }

const SECRETS = [
  ...Object.values(planted),
  ada.key,
  admin.key,
  ...[ada, admin].map(({ entry }) => entry.split(':')[1]!),
]

/** The secrets in a text, as they are and as they are often written. */
const secretsIn = (text: string) =>
  SECRETS.filter((secret) =>
    [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')].some((written) =>
      text.includes(written),
    ),
  )

/** Asks for all there is, well and badly, and gathers what is said. */
async function everythingSaid(host: TestHost): Promise<string[]> {
  const said: string[] = []
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(host.url + path, { redirect: 'manual', ...init })
    said.push(`${path}\n${JSON.stringify([...response.headers])}\n${await response.text()}`)
    return response
  }
  const json = (body: unknown, headers = {}) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const key = bearer(ada.key)
  const signIn = {
    method: 'POST',
    headers: { origin: host.url },
    body: new URLSearchParams({ key: ada.key }),
  }
  const { headers } = await ask('/sign-in', signIn)
  const cookie = headers.getSetCookie()[0]!.split(';')[0]!
  const own = ['/healthz', '/readyz', '/version', '/metrics', '/api/health', '/api/openapi.json']
  const pages = ['/', '/new', '/memories', '/sign-in', '/nothing', '/c/none', '/?user_id=ada']
  for (const path of [...own, ...pages]) {
    await ask(path)
    await ask(path, { headers: { cookie } })
    await ask(path, { headers: key })
  }
  await ask('/api/chat', json({ message: 'Hello!' }, key))
  await ask('/api/chat', json({ message: 'Hello!', stream: true }, key))
  await ask('/api/chat', json({ message: 'fail as unforeseen' }, key))
  await ask('/api/chat', json({ message: 'fail as refused', stream: true }, key))
  await ask('/api/chat', json('{', key))
  await ask('/api/chat', json({ message: 1, extra: ada.key.length }, key))
  await ask('/api/chat', json({ message: 'Hello!' }, bearer(`${ada.key}x`)))
  await ask('/api/chat', json({ message: 'Hello!' }, { 'x-api-key': `${admin.key}x` }))
  await ask('/api/memories', { headers: key })
  await ask('/api/users/ada/export', { headers: key })
  await ask('/api/memories?user_id=storeless', { headers: bearer(admin.key) })
  await ask('/api/memories?user_id=store-broken', { headers: bearer(admin.key) })
  await ask('/sign-in', { ...signIn, body: new URLSearchParams({ key: `${ada.key}x` }) })
  await ask('/user', { ...signIn, body: new URLSearchParams({ user_id: '!' }) })
  return said
}

describe('a secret', () => {
  it('planted in any setting is in no answer, page, metric, log line or file', async () => {
    await using folder = await temporaryFolder()
    const env = {
      ...around,
      ...planted,
      API_KEYS: `${ada.entry},${admin.entry}`,
      LOG_LEVEL: 'debug',
    }
    await using host = await startHost({ staged: true, env, dataDir: join(folder.path, 'data') })
    const said = await everythingSaid(host)
    expect(said.length).toBeGreaterThan(50)
    expect(said.filter((text) => secretsIn(text).length > 0)).toEqual([])
    await host.stop()
    expect(host.logs().length).toBeGreaterThan(30)
    expect(secretsIn(host.output())).toEqual([])
    for (const file of await readdir(host.dataDir)) {
      const text = await readFile(join(host.dataDir, file), 'latin1')
      expect([file, secretsIn(text)]).toEqual([file, []])
    }
  })

  it('would be found', () => {
    expect(secretsIn(`Bearer ${ada.key}`)).toEqual([ada.key])
    expect(secretsIn(Buffer.from(planted['HF_TOKEN']!).toString('base64'))).toHaveLength(1)
  })

  it('is planted in every setting that holds one', () => {
    const secret = /_(TOKEN|SECRET|API_KEY|KEYS|PASSWORD)$/
    const names = Object.keys(variables).filter((name) => secret.test(name))
    expect([...Object.keys(planted), 'API_KEYS'].toSorted()).toEqual(names.toSorted())
  })

  it('is not told when a setting is wrong', async () => {
    const { stderr, stdout } = await startRefused({
      ...planted,
      COOKIE_SECRET: 'planted-short',
      API_KEYS: ada.key,
      PORT: 'no number',
      HF_ENDPOINT_URL: 'no address',
    })
    expect(stderr).toContain('- PORT: ')
    expect(stderr).not.toContain('planted')
    expect(secretsIn(stderr + stdout)).toEqual([])
  })

  it.each(Object.keys(planted))('may stand in a file: %s_FILE', async (name) => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'secret')
    await writeFile(file, `${planted[name]}\n`)
    const faultOf = (env: Record<string, string>) => {
      try {
        readConfig({ ...around, ...env })
        return 'none'
      } catch (error) {
        return (error as Error).message
      }
    }
    const variable = `${name}_FILE`
    const other = join(folder.path, 'none')
    expect(faultOf({ [variable]: file })).toBe('none')
    const both = faultOf({ [variable]: file, [name]: planted[name]! })
    expect(both).toContain(`- ${variable}: ${name} is set as well.`)
    expect(secretsIn(both)).toEqual([])
    expect(faultOf({ [variable]: other })).toContain(
      `- ${variable}: ${other} cannot be read (ENOENT).`,
    )
    await writeFile(file, '\n')
    expect(faultOf({ [variable]: file })).toContain(`- ${variable}: ${file} is empty.`)
  })

  it('in a file signs as one in the environment', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'secret')
    const secret = planted['COOKIE_SECRET']!
    await writeFile(file, `${secret}\n`)
    await using first = await startHost({ env: { COOKIE_SECRET_FILE: file } })
    const { headers } = await first.api.request('GET', '/')
    const cookie = headers.getSetCookie()[0]!.split(';')[0]!
    await using second = await startHost({ env: { COOKIE_SECRET: secret } })
    const again = await second.api.request('GET', '/', { headers: { cookie } })
    expect(again.headers.getSetCookie()).toEqual([])
  })
})
