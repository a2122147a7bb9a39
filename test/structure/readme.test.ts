import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { startHost } from '../support/host.ts'
import { commandsIn, withFreshAnswers } from '../support/readme-examples.ts'
import { sourceFiles } from './source.ts'

const readme = await readFile('README.md', 'utf8')

it('the README shows what its commands answer; `npx vitest run test/structure/readme.test.ts -u` puts in what they answer now', async () => {
  expect(commandsIn(readme).length).toBeGreaterThan(8)
  await using host = await startHost()
  const fresh = await withFreshAnswers(readme, host.url)
  await expect(fresh).toMatchFileSnapshot('../../README.md')
})

it('the README has a command for every route of the API', async () => {
  const code = await sourceFiles(['functions'])
  const routes = code.flatMap(({ text }) => text.match(/(?<=')[A-Z]+ \/api\/[^']+(?=')/g) ?? [])
  expect(routes).toContain('POST /api/chat')
  const asked = commandsIn(readme).flatMap((command) => command.split('\n').map(routeOf))
  const isAsked = (route: string) =>
    asked.some((one) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/ ]+')}$`).test(one))
  expect(routes.filter((route) => !isAsked(route))).toEqual([])
})

it('the README names settings that are there', async () => {
  const known = (await readFile('.env.example', 'utf8')).match(/^\w+(?==)/gm)!
  const rows = readme.match(/^\| `[A-Z].*? \|/gm)!.join()
  const named = rows.match(/[A-Z][A-Z_]+/g)!
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => !known.includes(name))).toEqual([])
})

/** Such as `GET /api/memories`, of a line that begins a call of curl. */
function routeOf(line: string): string {
  const path = /localhost:\d+([^\s'"?]*)/.exec(line)?.[1] ?? ''
  const method = /-X (\w+)/.exec(line)?.[1]
  return `${method ?? (/-H|--data/.test(line) ? 'POST' : 'GET')} ${path}`
}
