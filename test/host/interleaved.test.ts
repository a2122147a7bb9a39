import { afterAll, beforeAll, expect, it } from 'vitest'
import { functionUrlEvent, type LoadedProduct, loadProduct } from '../support/lambda.ts'

/**
 * Many calls at once in one process. Keys that are set together leak together and still look consistent, so each line
 * and each metric is held against a value that its own call carried: the user of the line, the length of the message.
 */

let product: LoadedProduct
beforeAll(async () => {
  product = await loadProduct()
})
afterAll(() => product[Symbol.asyncDispose]())

const CALLS = 100
/** Call n stores 1 + n % 7 memories. */
const itemsOf = (n: number) => 1 + (n % 7)
const idOf = (n: number) => `interleaved-${n}`

it('a hundred interleaved calls never borrow each other’s log keys or metrics', async () => {
  const calls = Array.from({ length: CALLS }, (_, n) => {
    const items = Array.from({ length: itemsOf(n) }, () => ({ text: `Note ${n}.`, role: 'user' }))
    const ingest = { body: { user_id: `user-${n}`, items }, requestId: idOf(n) }
    const chat = { body: { user_id: `user-${n}`, message: 'Hi!', stream: n % 2 === 0 } }
    return [
      product.call('ingest', functionUrlEvent('POST', '/api/ingest', ingest)),
      product.call('chat', functionUrlEvent('POST', '/api/chat', { ...chat, requestId: idOf(n) })),
    ]
  }).flat()
  const responses = await Promise.all(calls)
  await Promise.all(responses.map((response) => response.text()))
  await product.settled()
  expect(responses.filter(({ status }) => status !== 200)).toEqual([])

  const requests = product.lines().filter(({ message }) => message === 'request')
  for (const name of ['ingest', 'chat']) {
    const own = requests.filter((line) => line['function_name'] === name)
    expect(new Set(own.map((line) => line['request_id']))).toHaveLength(CALLS)
    expect(new Set(own.map((line) => line['function_request_id']))).toHaveLength(CALLS)
    // request_id is a key of the logger, user_id stands in the line itself.
    const borrowed = own.filter(
      (line) => line['request_id'] !== idOf(Number(String(line['user_id']).slice('user-'.length))),
    )
    expect(borrowed).toEqual([])
    expect(new Set(own.map((line) => line['route']))).toEqual(new Set([`POST /api/${name}`]))
  }

  const metrics = product.lines().filter((line) => '_aws' in line && line['service'] === 'ingest')
  expect(new Set(metrics.map((blob) => blob['request_id']))).toHaveLength(CALLS)
  const wrong = metrics.filter((blob) => {
    const n = Number(String(blob['request_id']).slice('interleaved-'.length))
    return blob['MemoriesStored'] !== itemsOf(n) || blob['Requests'] !== 1
  })
  expect(wrong).toEqual([])
})
