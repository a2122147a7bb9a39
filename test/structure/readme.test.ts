import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { startHost } from '../support/host.ts'
import { commandsIn, withFreshAnswers } from '../support/readme-examples.ts'

it('the README shows what its commands answer; `npx vitest run test/structure/readme.test.ts -u` puts in what they answer now', async () => {
  const readme = await readFile('README.md', 'utf8')
  expect(commandsIn(readme).length).toBeGreaterThan(8)
  await using host = await startHost()
  const fresh = await withFreshAnswers(readme, host.url)
  await expect(fresh).toMatchFileSnapshot('../../README.md')
})
