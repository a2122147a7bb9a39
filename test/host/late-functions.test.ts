import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, inject, it, vi } from 'vitest'
import { installRuntime, type KnownFunction } from '../../lib/host/runtime.ts'
import { copyDist, startHost } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Functions that a host loads when they are first called: it starts without them, and knows their routes. */

const BROKEN = 'openapi'

const lateOf = async (dist: string) =>
  JSON.parse(await readFile(join(dist, 'late-functions.json'), 'utf8')) as KnownFunction[]

it('what is written down of them is what they say of themselves', async () => {
  await using data = await temporaryFolder()
  vi.stubEnv('DATA_DIR', data.path)
  const runtime = await installRuntime({ maxConcurrency: 1 })
  const loaded = await runtime.load(pathToFileURL(`${inject('dist')}/functions/`))
  vi.unstubAllEnvs()
  const late = await lateOf(inject('dist'))
  expect(late.length).toBeGreaterThan(3)
  for (const known of late) {
    expect(loaded.find(({ name }) => name === known.name)).toMatchObject(known)
  }
})

it('a host imports them at their first call, and is none the worse for one that cannot be', async () => {
  await using folder = await temporaryFolder()
  const dist = await copyDist(join(folder.path, 'dist'))
  const seen = join(folder.path, 'seen')
  const tell = (name: string) =>
    `\n;(await import('node:fs')).appendFileSync(${JSON.stringify(seen)}, '${name} ')\n`
  for (const { name } of await lateOf(dist)) {
    await appendFile(join(dist, `functions/${name}.mjs`), tell(name))
  }
  await writeFile(join(dist, `functions/${BROKEN}.mjs`), `${tell(BROKEN)}throw new Error('secret')`)
  await writeFile(seen, '')
  await using host = await startHost({ dist })
  expect((await host.api.chat({ user_id: 'ada', message: 'I drink tea' })).status).toBe(200)
  expect(await readFile(seen, 'utf8')).toBe('')
  const lists = await Promise.all([host.api.list('ada'), host.api.list('ada')])
  expect(lists.map(({ body }) => body.results.length)).toEqual([2, 2])
  expect(await readFile(seen, 'utf8')).toBe('memories ')
  const broken = await fetch(`${host.url}/api/openapi.json`)
  expect(broken.status).toBe(500)
  expect(await broken.text()).not.toContain('secret')
  expect(host.logs().filter(({ level }) => level === 'ERROR')).toMatchObject([
    { request_id: broken.headers.get('x-request-id') },
  ])
  expect((await host.api.list('ada')).status).toBe(200)
})
