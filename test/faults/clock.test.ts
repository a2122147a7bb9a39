import { setTimeout as sleep } from 'node:timers/promises'
import { resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startHost, type HostOptions } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { report } from './support/figures.ts'
import { listAll } from './support/lane.ts'
import { type Bug, plantInServices } from './support/plant.ts'
import { sized } from './support/size.ts'
import { UNLIMITED } from './support/unlimited.ts'

/** A clock that jumps back loses no message, doubles none, and mixes none up unless it was wrong by an hour or more. */

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** By one search. */
const MOST_FOUND = 50
const TURNS = sized({ small: 4, full: 40 })

const underShiftedClock = (backMs: number, more: HostOptions = {}): HostOptions => ({
  staged: true,
  ...more,
  nodeOptions: ['--import', resolve('test/fixtures/clock.ts')],
  env: { ...UNLIMITED, CLOCK_BACK_MS: String(backMs), ...more.env },
})

/** Says some things, sets the clock back in between, and says some more. */
async function talkOverJump(backMs: number, preload?: string) {
  await using host = await startHost(underShiftedClock(backMs, preload ? { preload } : {}))
  const said: string[] = []
  const answers: string[] = []
  const talk = async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      const message = `Fact ${said.length}: my locker has the number ${100 + said.length}.`
      said.push(message)
      const { body } = await host.api.chat({ user_id: 'ada', message, message_id: idOf(message) })
      answers.push(body.response)
    }
  }
  await talk()
  host.signal('SIGUSR2')
  await expect
    .poll(() => host.logs().some(({ message }) => message === 'clock set back'))
    .toBe(true)
  await talk()
  const again = said.map((message) =>
    host.api.chat({ user_id: 'ada', message, message_id: idOf(message) }),
  )
  const replayed = (await Promise.all(again)).map(({ body }) => body.response)
  const all = await listAll(host.api, 'ada')
  const listed = all.filter(({ role }) => role === 'user').map(({ text }) => text)
  const search = {
    user_id: 'ada',
    query: 'Which number has my locker?',
    score_threshold: 0,
    top_k: MOST_FOUND,
  }
  const { results } = (await host.api.search(search)).body
  return { said, answers, replayed, listed: listed.toReversed(), found: results.length }
}

const differences = (found: readonly string[], expected: readonly string[]) =>
  Math.abs(found.length - expected.length) +
  expected.filter((text, at) => found[at] !== text).length

const idOf = (message: string) => message.replaceAll(/\W/g, '-').slice(0, 60)

const rows: Record<string, string | number> = {}
afterAll(() =>
  report({
    suite: 'clock',
    axes: 'how far back (10 minutes, a day, an hour) × in a conversation, between the death of a process and the next start',
    rows,
  }),
)

describe('a clock that is set back', () => {
  it('by ten minutes leaves everything in the order in which it was said', async () => {
    const { said, answers, replayed, listed, found } = await talkOverJump(10 * MINUTE_MS)
    rows['set back by 10 minutes: messages'] = said.length
    rows['… of which lost, doubled or out of order'] = differences(listed, said)
    expect(listed).toEqual(said)
    expect(replayed).toEqual(answers)
    expect(found).toBeGreaterThanOrEqual(Math.min(said.length, MOST_FOUND))
  })

  it('by a day loses and doubles nothing; what is said then has the time that the clock says', async () => {
    const { said, answers, replayed, listed } = await talkOverJump(DAY_MS)
    const byTheClock = [...said.slice(TURNS), ...said.slice(0, TURNS)]
    rows['set back by a day: messages'] = said.length
    rows['… of which lost, doubled or at another time than the clock’s'] = differences(
      listed,
      byTheClock,
    )
    expect(listed).toEqual(byTheClock)
    expect(replayed).toEqual(answers)
  })

  it('is seen to mix up a conversation where each message takes the clock’s word', async () => {
    const bug: Bug = {
      file: 'lib/clock.ts',
      find: 'lastMs = backMs > 0 && backMs < PATIENCE_MS ? lastMs + 1 : nowMs',
      replace: 'lastMs = nowMs',
    }
    const preload = await plantInServices([bug], 'plain-clock')
    const { said, listed } = await talkOverJump(10 * MINUTE_MS, preload)
    expect(listed).not.toEqual(said)
  })

  it('does not hold the answer of a process that died before', async () => {
    await using data = await temporaryFolder()
    const options = { dataDir: data.path }
    const question = {
      user_id: 'ada',
      message: 'say 500 words, 20 ms apart',
      message_id: 'cut-short',
    }
    await using dying = await startHost(underShiftedClock(60 * MINUTE_MS, options))
    const cut = dying.api.chat(question).catch(() => 'cut')
    await expect.poll(async () => (await dying.api.list('ada')).body.results.length).toBe(1)
    await sleep(100)
    await dying.stop('SIGKILL')
    expect(await cut).toBe('cut')
    const env = { CLOCK_STARTS_BACK: 'true' }
    await using next = await startHost(underShiftedClock(60 * MINUTE_MS, { ...options, env }))
    const stream = await next.api.openStream(question)
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    let seen = ''
    const askedAtMs = performance.now()
    while (!seen.includes('word0')) seen += (await reader.read()).value ?? ''
    await reader.cancel()
    const waitedMs = Math.round(performance.now() - askedAtMs)
    rows['set back by an hour: an answer whose process had died began again after'] =
      `${waitedMs} ms`
  })
})
