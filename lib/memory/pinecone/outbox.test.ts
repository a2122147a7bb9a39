import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  asked,
  listed,
  recalled,
  said,
  saidUnder,
  SMALL_TALK,
} from '../../../test/conformance/memory-store/suite.ts'
import { assertContract } from '../../../test/emulators/contract.ts'
import { type PineconeEmulator, startPineconeEmulator } from '../../../test/emulators/pinecone.ts'
import type { Acknowledged, Told } from '../../../test/fixtures/pinecone-process.ts'
import { openPineconeStore, testVector } from '../../../test/fixtures/pinecone-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { newMemoryId } from '../ids.ts'
import type { Memory, UserId } from '../memory.ts'
import type { PineconeMemoryStore } from '../pinecone.ts'

const ada = 'ada' as UserId
const SOON = { timeout: 10_000, interval: 20 }
const cleaning: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean()
})

async function start(options: Parameters<typeof startPineconeEmulator>[0] = {}) {
  const emulator = await startPineconeEmulator(options)
  const folder = await temporaryFolder()
  cleaning.push(
    async () => folder[Symbol.asyncDispose](),
    async () => {
      await emulator.close()
      assertContract(emulator)
    },
  )
  return { emulator, file: join(folder.path, 'pinecone.db') }
}

function open(place: Parameters<typeof openPineconeStore>[0], options = {}): PineconeMemoryStore {
  // The circuit is closed again soon, so that tests need not wait for it.
  const store = openPineconeStore(place, { upstream: { breakMs: 100 }, ...options })
  cleaning.push(() => store.close())
  return store
}

async function sent(store: PineconeMemoryStore): Promise<void> {
  await expect.poll(() => store.isSent(), SOON).toBe(true)
}

/** A message of now, as a chat saves it. */
const message = (text: string, messageId = `message-${(messages += 1)}`): Memory => {
  const ts = new Date()
  return asked(text, messageId, { id: newMemoryId(ts), ts })
}
let messages = 0

const storedTexts = (emulator: PineconeEmulator) =>
  emulator
    .stored('memories')
    .filter(({ metadata }) => 'passage' in metadata)
    .map(({ metadata }) => metadata['text'])

describe('what is on its way to Pinecone', () => {
  it('is found at once while the index lags ten seconds, changed and deleted too', async () => {
    for (const hasDisk of [true, false]) {
      const { emulator, file } = await start({ visibilityLagMs: 10_000 })
      const store = open({ emulator, file: hasDisk ? file : undefined })
      const memories = store.forUser(ada)
      const [tea, coffee] = [message('I only drink tea'), message('I never drink coffee')]
      const vectors = [testVector(tea.text, 8)]
      await memories.save([{ memory: tea, vectors }])
      await memories.save([{ memory: coffee }])
      await sent(store)
      expect(await recalled(memories, 'Do I drink tea?', { limit: 1 })).toEqual([tea.id])
      expect(await listed(memories)).toEqual([coffee.id, tea.id])
      expect(await memories.conversation('default', { limit: 9 })).toEqual([tea, coffee])
      expect(await memories.conversations({ limit: 9 })).toMatchObject([{ turns: 2 }])
      await memories.update(tea.id, { text: 'I only drink sencha' })
      await memories.delete(coffee.id)
      await sent(store)
      expect(await recalled(memories, 'sencha', { limit: 1 })).toEqual([tea.id])
      expect(await recalled(memories, 'coffee')).toEqual([tea.id])
      expect(await listed(memories)).toEqual([tea.id])
      expect(await memories.holdings()).toMatchObject({ memories: 1, vectors: 0, outbox: 0 })
      expect(await memories.clear()).toBe(1)
      await sent(store)
      expect(await listed(memories)).toEqual([])
      expect(await saidUnder(memories, tea.turn!.messageId)).toEqual({})
      // Nothing of it was seen by any query, and nothing is left when it can be.
      emulator.settle()
      expect(await recalled(memories, 'drink')).toEqual([])
      expect(storedTexts(emulator)).toEqual([])
    }
  })

  it('is no longer looked for here once the index shows it', async () => {
    const { emulator, file } = await start({ visibilityLagMs: Infinity })
    const store = open({ emulator, file })
    const memories = store.forUser(ada)
    const tea = message('I only drink tea')
    await memories.save([{ memory: tea }])
    await sent(store)
    expect(await recalled(memories, 'tea')).toEqual([tea.id])
    emulator.settle()
    await recalled(memories, 'tea')
    // Another host deletes it behind our back: the index is believed.
    const other = open({ emulator, file: undefined })
    await other.forUser(ada).delete(tea.id)
    emulator.settle()
    expect(await recalled(memories, 'tea')).toEqual([])
  })

  it('is pending while Pinecone is away, answers meanwhile, and arrives once', async () => {
    const { emulator, file } = await start()
    const store = open({ emulator, file })
    const memories = store.forUser(ada)
    const early = message('Before the outage')
    await memories.save([{ memory: early }])
    await sent(store)
    await emulator.goDown()
    const tea = message('I only drink tea')
    expect(await memories.save([{ memory: tea }])).toBe('pending')
    expect(await recalled(memories, 'tea', { limit: 1 })).toEqual([tea.id])
    expect(await saidUnder(memories, tea.turn!.messageId)).toEqual({ message: tea })
    expect(await memories.conversation('default', { limit: 9 })).toContainEqual(tea)
    await expect.poll(async () => (await store.status()).status, SOON).toBe('degraded')
    expect(await memories.holdings().catch((error: unknown) => error)).toMatchObject({
      name: 'StoreUnavailableError',
    })
    await emulator.comeBack()
    await sent(store)
    expect(storedTexts(emulator)).toEqual([early.text, tea.text])
    await expect.poll(() => store.status(), SOON).toMatchObject({ status: 'ok', pinecone: 'ok' })
  })

  it('is lost and doubled by no kill: 200 messages while Pinecone is away, killed twice', async () => {
    const { emulator, file } = await start()
    await emulator.goDown()
    const acknowledged: Acknowledged[] = []
    const run = async (from: number, until: number) => {
      const script = new URL('../../../test/fixtures/pinecone-process.ts', import.meta.url)
      const child = fork(script, [emulator.url, emulator.apiKey, file], { execArgv: [] })
      const exited = once(child, 'exit')
      child.on('message', (told: Acknowledged) => {
        acknowledged.push(told)
        if (told.number === until - 1) child.kill('SIGKILL')
      })
      child.send({ from, to: 200 } satisfies Told)
      await exited
    }
    await run(0, 70)
    // What was acknowledged last may have been written without anybody being told: it is said again.
    await run(acknowledged.length, 140)
    const store = open({ emulator, file }, { turnMs: 500, upstream: { breakMs: 100 } })
    const memories = store.forUser(ada)
    for (let number = acknowledged.length; number < 200; number++) {
      const memory = message(`Message number ${number}`, `message-${number}`)
      const known = await memories.turn(`message-${number}`)
      if (!known.message) await memories.save([{ memory }])
      acknowledged.push({ number, saved: 'pending' })
    }
    expect(acknowledged.every(({ saved }) => saved === 'pending')).toBe(true)
    expect(emulator.stored('memories')).toEqual([])
    await emulator.comeBack()
    await expect.poll(() => store.isSent(), { timeout: 20_000, interval: 50 }).toBe(true)
    const texts = storedTexts(emulator)
    expect(texts).toHaveLength(200)
    expect(new Set(texts)).toEqual(
      new Set(Array.from({ length: 200 }, (_, number) => `Message number ${number}`)),
    )
  }, 40_000)

  it('is sent again after an answer that was lost, without a double', async () => {
    const { emulator, file } = await start()
    const store = open({ emulator, file }, { upstream: { retries: 0 } })
    emulator.fail('POST /vectors/upsert', { kind: 'apply-then', fault: { kind: 'reset' } })
    emulator.fail('POST /vectors/upsert', { kind: 'status', status: 503 }, { skip: 1 })
    const tea = message('I only drink tea')
    await store.forUser(ada).save([{ memory: tea }])
    await sent(store)
    expect(storedTexts(emulator)).toEqual([tea.text])
    expect(await store.forUser(ada).conversations({ limit: 9 })).toMatchObject([{ turns: 1 }])
  })

  it('waits as long as Pinecone asks', async () => {
    const { emulator, file } = await start()
    const store = open({ emulator, file }, { upstream: { retries: 0 } })
    const match = 'POST /vectors/upsert'
    emulator.fail(match, { kind: 'status', status: 429, retryAfter: 1 })
    await store.forUser(ada).save([{ memory: message('I only drink tea') }])
    await sent(store)
    const [first, second] = emulator.requests(match)
    expect(second!.receivedAtMs - first!.receivedAtMs).toBeGreaterThanOrEqual(990)
  })

  it('does not wait behind a record that Pinecone refuses, which is kept and told of', async () => {
    const { emulator, file } = await start()
    const store = open({ emulator, file })
    const [bad, good] = [message('Refused'), message('Welcome')]
    const isBad = (body: unknown) => JSON.stringify(body).includes('"text":"Refused"')
    emulator.fail(
      ({ path, json }) => path === '/vectors/upsert' && isBad(json),
      { kind: 'status', status: 400 },
      { times: Infinity },
    )
    const memories = store.forUser(ada)
    await memories.save([{ memory: bad }, { memory: good }])
    await expect.poll(() => storedTexts(emulator), SOON).toEqual(['Welcome'])
    expect(await memories.get(bad.id)).toEqual(bad)
    expect(await store.status()).toMatchObject({
      status: 'degraded',
      detail: expect.stringContaining('refuses 1') as string,
    })
    emulator.clearFaults()
    await store.close()
    const again = open({ emulator, file })
    await sent(again)
    await expect.poll(() => storedTexts(emulator).length, SOON).toBe(2)
  })
})

describe('without a disk', () => {
  it('says that it stored, or names what it did not, and keeps nothing of that', async () => {
    const { emulator } = await start()
    const store = open({ emulator, file: undefined }, { upstream: { retries: 0 } })
    const memories = store.forUser(ada)
    const first = message('I only drink tea')
    expect(await memories.save([{ memory: first }])).toBe('stored')
    expect(storedTexts(emulator)).toEqual([first.text])
    emulator.fail('POST /vectors/upsert', { kind: 'status', status: 503 })
    const second = message('And coffee')
    await expect(memories.save([{ memory: second }])).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining(second.id) as string,
    })
    expect(await listed(memories)).toEqual([first.id])
    expect(await memories.save([{ memory: second }])).toBe('stored')
    expect(await listed(memories)).toEqual([second.id, first.id])
  })

  it('leaves a memory as it was when a change of it fails', async () => {
    const { emulator } = await start()
    const store = open({ emulator, file: undefined }, { upstream: { retries: 0 } })
    const memories = store.forUser(ada)
    const talk = SMALL_TALK.map((text) => said(text))
    await memories.save(talk.map((memory) => ({ memory })))
    emulator.fail('POST /vectors/upsert', { kind: 'reset' })
    const change = memories.update(talk[0]!.id, { text: 'Changed' })
    await expect(change).rejects.toMatchObject({ status: 503 })
    expect((await memories.get(talk[0]!.id))?.text).toBe(talk[0]!.text)
    emulator.fail('POST /vectors/delete', { kind: 'reset' })
    await expect(memories.delete(talk[0]!.id)).rejects.toMatchObject({ status: 503 })
    expect(await listed(memories)).toHaveLength(talk.length)
  })
})
