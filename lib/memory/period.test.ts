import { expect, it } from 'vitest'
import { withPeriod } from './period.ts'

/** A Wednesday. */
const at = new Date('2025-06-18T10:00:00Z')
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)

async function periodOf(text: string) {
  const { period } = await withPeriod({ text, at, limit: 5 })
  return period && `${day(period.fromMs)} to ${day(period.toMs)}`
}

it.each([
  ['What did I do last week?', '2025-06-09 to 2025-06-16'],
  ['Where did I go in March?', '2025-03-01 to 2025-04-01'],
  ['What did I eat two days ago?', '2025-06-16 to 2025-06-17'],
  ['What did I say yesterday?', '2025-06-17 to 2025-06-18'],
  ['What happened on 5 May 2023?', '2023-05-05 to 2023-05-06'],
  ['What did I do on the weekend?', '2025-06-14 to 2025-06-16'],
  ['What did I tell you this morning?', '2025-06-18 to 2025-06-19'],
  ['What did I do in the past two weeks?', '2025-06-04 to 2025-06-18'],
  ['Did I travel a year ago?', '2024-01-01 to 2025-01-01'],
])('%s', async (text, period) => {
  expect(await periodOf(text)).toBe(period)
})

it.each([
  'What do I drink?',
  'How may I help?',
  'I sat on a bench, may be yours',
  'The second one',
])('is in no time: %s', async (text) => {
  expect(await periodOf(text)).toBeUndefined()
})

it('names the words that find nothing, but not those of a date that memories are indexed by', async () => {
  const relative = await withPeriod({ text: 'What did I eat two days ago?', at, limit: 5 })
  expect(relative.period?.said).toBe('two days ago')
  const absolute = await withPeriod({ text: 'What did I eat in March?', at, limit: 5 })
  expect(absolute.period?.said).toBeUndefined()
})

it('leaves a period that is given', async () => {
  const query = { text: 'yesterday', at, limit: 5, period: { fromMs: 1, toMs: 2 } }
  expect(await withPeriod(query)).toBe(query)
})
