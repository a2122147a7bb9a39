import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { createApi } from '../support/api.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

it('npm run dev builds again on a change, and leaves the last good one running when that fails', async () => {
  await using folder = await temporaryFolder()
  for (const path of ['functions', 'lib', 'web', 'scripts', 'package.json', 'tsconfig.json']) {
    await cp(path, join(folder.path, path), { recursive: true })
  }
  await symlink(resolve('node_modules'), join(folder.path, 'node_modules'))
  const child = spawn(process.execPath, ['scripts/dev.ts'], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: join(folder.path, 'data') },
  })
  const exited = once(child, 'exit')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const apis = () => [...output.matchAll(/"url":"([^"]+)"/g)].map(([, url]) => createApi(url!))
  const patient = { timeout: 30_000, interval: 100 }
  const answer = async () => {
    const { body } = await apis().at(-1)!.chat({ user_id: 'ada', message: 'What is my name?' })
    return body.response
  }
  try {
    await expect.poll(() => apis().length, patient).toBe(1)
    expect(await answer()).toBe('I remember nothing about that.')

    const file = join(folder.path, 'lib/models/builtin-generator.ts')
    const source = await readFile(file, 'utf8')
    await writeFile(file, source.replace('I remember nothing about that.', 'No idea.'))
    await expect.poll(() => apis().length, patient).toBe(2)
    expect(await answer()).toBe('No idea.')

    await writeFile(file, 'export const broken = ')
    await expect.poll(() => output, patient).toContain('[dev] the build failed')
    expect(await answer()).toBe('No idea.')
  } finally {
    child.kill('SIGTERM')
  }
  expect(await exited).toEqual([0, null])
}, 90_000)
