import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { functionUrlEvent, type LoadedProduct, loadProduct } from '../support/lambda.ts'
import { hasClient, type LambdaFunction, outcomeOf, startLambda } from './runtime-client.ts'

/** What a streamed function does to its stream has on the host the effect that it has on Lambda. */

describe.skipIf(!hasClient)('a response stream, as on Lambda', () => {
  let host: LoadedProduct
  let lambda: LambdaFunction
  beforeAll(async () => {
    const dist = inject('distWithFixtures')
    host = await loadProduct({ dist })
    lambda = await startLambda({ dist, name: 'streams' })
  })
  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    await lambda[Symbol.asyncDispose]()
  })

  const eventOf = (name: string) => functionUrlEvent('GET', `/streams/${name}`)
  const onHost = (name: string) => outcomeOf(host.call('streams', eventOf(name)))
  const withHead = (body: string) => ({
    status: 202,
    headers: { 'content-type': 'text/plain', 'x-case': 'yes' },
    cookies: ['a=1', 'b=2'],
    body,
  })
  const plain = {
    status: 200,
    headers: { 'content-type': 'text/plain' },
    cookies: [],
    body: 'plain',
  }

  it.each([
    ['end-only', 'failed'],
    ['end-with-chunk', 'failed'],
    ['write-nothing-then-end', withHead('')],
    ['throw-before-the-first-write', 'failed'],
    ['throw-after-a-write', 'cut'],
    ['throw-later', 'cut'],
    ['no-head', plain],
    ['write-an-object', withHead('{"a":1}')],
    ['write-bytes', withHead('héllo')],
  ])('%s', async (name, expected) => {
    expect(await lambda.invoke(eventOf(name))).toEqual(expected)
    expect(await onHost(name)).toEqual(expected)
  })

  // Last of all: the client takes no other event while it waits for the end.
  it('never-end: Lambda waits until its timeout, the host cuts at once', async () => {
    expect(await onHost('never-end')).toBe('cut')
    expect(await lambda.invoke(eventOf('never-end'), 500)).toBe('unfinished')
  })
})
