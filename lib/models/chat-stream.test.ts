import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readChatStream } from './chat-stream.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const delta = (delta: object, more: object = {}) => ({ choices: [{ delta, ...more }] })
const finished = { choices: [{ delta: {}, finish_reason: 'stop' }] }

type Step = string | object | { afterMs: number }

/** A stream of these events; `afterMs` is a pause, which ends when the call does. */
function openStream(steps: readonly Step[]) {
  const signals: AbortSignal[] = []
  const stream = readChatStream({
    upstream: 'The model',
    model: 'asked',
    messages: [{ role: 'user', content: 'Hello there' }],
    async *open(signal) {
      signals.push(signal)
      for (const step of steps) {
        if (typeof step === 'object' && 'afterMs' in step) await pause(step.afterMs, signal)
        else yield step
      }
    },
    signal: new AbortController().signal,
    firstTokenTimeoutMs: 20_000,
    stallTimeoutMs: 10_000,
  })
  return { stream, signals }
}

async function pause(ms: number, signal: AbortSignal) {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason as Error))
  await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), promise])
}

async function read(steps: readonly Step[]) {
  const { stream, signals } = openStream(steps)
  const reading = Array.fromAsync(stream).then(
    (pieces) => ({ pieces, error: undefined }),
    (error: unknown) => ({ pieces: undefined, error }),
  )
  for (let second = 0; second < 60; second += 1) await vi.advanceTimersByTimeAsync(1000)
  return { ...(await reading), isEnded: signals[0]!.aborted }
}

const end = (usage: object) => ({ type: 'end', finishReason: 'stop', usage })

describe('A chat stream', () => {
  it('names the model that answered and counts as it counted', async () => {
    const usage = { prompt_tokens: 5, completion_tokens: 1 }
    const { pieces } = await read([
      { ...delta({ role: 'assistant', content: 'Hi' }), model: 'answered' },
      finished,
      { choices: [], usage },
    ])
    expect(pieces).toEqual([
      { type: 'text', text: 'Hi' },
      end({ promptTokens: 5, completionTokens: 1, model: 'answered' }),
    ])
  })

  it('is guessed where nobody counted', async () => {
    const { pieces } = await read([delta({ content: 'Hi' }), finished])
    expect(pieces?.at(-1)).toEqual(end({ promptTokens: 4, completionTokens: 1, model: 'asked' }))
  })

  it.each([
    ['no first token', [{ afterMs: 21_000 }, delta({ content: 'Hi' }), finished]],
    ['only a role', [delta({ role: 'assistant', content: null }), { afterMs: 21_000 }, finished]],
    ['silence', [delta({ content: 'Hi' }), { afterMs: 11_000 }, finished]],
  ])('is given up for %s, and the call is ended', async (_, steps) => {
    const { error, isEnded } = await read(steps)
    expect(error).toMatchObject({ name: 'UpstreamFault', kind: 'timeout' })
    expect(isEnded).toBe(true)
  })

  it('waits for a model that thinks aloud before it speaks', async () => {
    const thought = delta({ content: '', reasoning_content: 'Hm' })
    const steps = [
      thought,
      { afterMs: 9000 },
      thought,
      { afterMs: 9000 },
      thought,
      { afterMs: 9000 },
    ]
    const { pieces } = await read([...steps, delta({ content: 'Hi' }), finished])
    expect(pieces?.[0]).toEqual({ type: 'text', text: 'Hi' })
    expect(pieces).toHaveLength(2)
  })

  it('that was finished but stays open is over two seconds later', async () => {
    const { pieces, isEnded } = await read([
      delta({ content: 'Hi' }),
      finished,
      { afterMs: 8000 },
      { error: 'too late' },
    ])
    expect(pieces?.at(-1)).toMatchObject({ type: 'end', finishReason: 'stop' })
    expect(isEnded).toBe(true)
  })

  it('that is over is not ended again, or its connection would be lost', async () => {
    expect(await read([delta({ content: 'Hi' }), finished])).toMatchObject({ isEnded: false })
  })

  it.each([
    ['ends without a finish reason', [delta({ content: 'Hi' })], 'truncated'],
    [
      'holds an error',
      [delta({ content: 'Hi' }), { error: 'secret' }, finished],
      'error_in_stream',
    ],
    ['holds a text', ['text'], undefined],
  ])('is nonsense when it %s', async (_, steps, code) => {
    expect((await read(steps)).error).toMatchObject({ kind: 'nonsense', code })
  })
})
