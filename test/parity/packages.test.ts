import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { functionUrlEvent } from '../support/lambda.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { unzip } from '../support/unzip.ts'
import { hasClient, startLambda } from './runtime-client.ts'

/** What `npm run package:lambda` makes, unpacked and run as Lambda would. */

describe('the packages for Lambda', () => {
  let folder: TemporaryFolder
  let names: string[]
  const dist = inject('dist')
  const pack = (out: string) =>
    promisify(execFile)(process.execPath, [
      'scripts/package-lambda.ts',
      '--dist',
      dist,
      '--out',
      out,
    ])
  const packageOf = (name: string) => readFile(join(folder.path, 'lambda', `${name}.zip`))
  beforeAll(async () => {
    folder = await temporaryFolder()
    await pack(join(folder.path, 'lambda'))
    names = (await readdir(join(folder.path, 'lambda'))).map((file) => file.replace('.zip', ''))
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  it('are one for each function, with nothing in them but what it runs', async () => {
    const functions = await readdir('functions')
    expect(names.toSorted()).toEqual(functions.toSorted())
    for (const name of names) {
      const to = join(folder.path, 'unpacked', name)
      await mkdir(to, { recursive: true })
      const paths = await unzip(await packageOf(name), to)
      expect(paths[0]).toBe(`functions/${name}.mjs`)
      expect(paths.filter((path) => !/^(functions\/\w+\.mjs|models\/)/.test(path))).toEqual([])
      expect(paths.filter((path) => path.endsWith('.map'))).toEqual([])
    }
  })

  it('are the same bytes from the same build', async () => {
    await pack(join(folder.path, 'again'))
    expect(await readFile(join(folder.path, 'again/chat.zip'))).toEqual(await packageOf('chat'))
  })

  it.skipIf(!hasClient).each([
    ['chat', functionUrlEvent('POST', '/api/chat', { body: { user_id: 'ada', message: 'Hello' } })],
    ['page', functionUrlEvent('GET', '/')],
    ['assets', functionUrlEvent('GET', '/robots.txt')],
  ])('%s runs under AWS’s own client from its package alone', async (name, event) => {
    const taskRoot = join(folder.path, 'task', name)
    await mkdir(taskRoot, { recursive: true })
    await unzip(await packageOf(name), taskRoot)
    await using lambda = await startLambda({
      dist,
      name,
      unpacked: { taskRoot, handler: `functions/${name}.handler` },
      env: { DATA_DIR: join(folder.path, 'data', name) },
    })
    expect(await lambda.invoke(event)).toMatchObject({ status: 200 })
  })
})
