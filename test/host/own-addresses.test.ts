import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'

let host: TestHost
beforeAll(async () => {
  host = await startHost()
})
afterAll(() => host[Symbol.asyncDispose]())

it('/healthz says that the process lives, /readyz that it takes requests', async () => {
  expect(await host.api.request('GET', '/healthz')).toMatchObject({
    status: 200,
    body: { status: 'ok' },
  })
  expect(await host.api.request('GET', '/readyz')).toMatchObject({
    status: 200,
    body: { status: 'ready' },
  })
})

it('/version names the release and the commit it was built from', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  const { body } = await host.api.request<{ commit: string }>('GET', '/version')
  expect(body).toEqual({ version, commit: expect.any(String) as string })
  const type = await promisify(execFile)('git', ['cat-file', '-t', body.commit]).then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown', // A checkout without git.
  )
  expect(type).toBe(body.commit === 'unknown' ? 'unknown' : 'commit')
})

it('is ready only once it listens, and says where', () => {
  const ready = host.logs().find(({ message }) => message === 'ready')
  expect(ready).toMatchObject({ level: 'INFO', url: `http://localhost:${host.port}` })
  expect(ready?.['ready_ms']).toBeGreaterThan(0)
})
