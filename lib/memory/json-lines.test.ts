import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultIn } from '../../test/support/properties.ts'
import { newMemoryId, replyIdOf } from './ids.ts'
import { readLines, toLine } from './json-lines.ts'
import type { Memory, Turn } from './memory.ts'

const line = (of: object) =>
  JSON.stringify({ text: 'Tea.', role: 'user', ts: '2026-05-04T12:00:00Z', ...of })

const memoriesOf = (jsonl: string) => readLines(jsonl).read.map(({ memory }) => memory)

describe('lines of memories', () => {
  it('tell which line is refused, and why, and take the others', () => {
    const jsonl = [line({}), '', 'no json', line({ text: '', role: 'robot' }), line({ text: 'b' })]
    const { read, refused } = readLines(jsonl.join('\r\n'), 101)
    expect(read.map(({ line: at, memory }) => [at, memory.text])).toEqual([
      [101, 'Tea.'],
      [105, 'b'],
    ])
    expect(refused.map(({ line: at }) => at)).toEqual([103, 104])
    expect(refused[1]!.message).toMatch(/^role: .* text: /)
  })

  it('give the same memory the same id, and none the id of another time', () => {
    const [first] = memoriesOf(line({}))
    expect(memoriesOf(line({}))[0]!.id).toBe(first!.id)
    const stolen = newMemoryId(new Date('2020-01-01T00:00:00Z'))
    expect(memoriesOf(line({ id: stolen }))[0]!.id).not.toBe(stolen)
    const [timed] = memoriesOf(line({ id: stolen, ts: undefined }))
    expect(timed).toMatchObject({ id: stolen, ts: new Date('2020-01-01T00:00:00Z') })
    expect(readLines(line({ ts: undefined })).refused[0]!.message).toMatch(/^ts: /)
  })

  it('end an answer that was being made when it was exported', () => {
    const in_reply_to = newMemoryId(new Date('2026-05-04T12:00:00Z'))
    const turn = { message_id: 'message-1', in_reply_to, state: 'running' }
    const [memory] = memoriesOf(line({ text: '', role: 'assistant', turn }))
    expect(memory).toMatchObject({ text: '', turn: { state: 'cut' } })
    const [refusal] = readLines(
      line({ text: '', turn: { ...turn, in_reply_to: undefined } }),
    ).refused
    expect(refusal!.message).toMatch(/^text: /)
  })
})

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(isKept)
const id = fc.stringMatching(/^[A-Za-z0-9_-]{8,64}$/)
const ts = fc.date({ min: new Date(0), max: new Date('2026-06-01'), noInvalidDate: true })
const score = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0)
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

/** NUL and halves of surrogate pairs never get into a memory. */
function isKept(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

const turnOf = (message: string | undefined) =>
  fc.record<Turn>({
    messageId: id,
    inReplyTo: fc.constant(message),
    state: fc.constantFrom('complete', 'stopped', 'cut', 'failed'),
    failure: some(word),
    usage: some(fc.record({ promptTokens: fc.nat(), completionTokens: fc.nat(), model: word })),
    latencyMs: some(fc.nat()),
    recalled: some(
      fc.array(
        fc.record({
          id: ts.map(newMemoryId),
          score,
          why: some(fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), score)),
          supersededBy: some(ts.map(newMemoryId)),
        }),
        { maxLength: 3 },
      ),
    ),
  })

/** Anything that can be remembered. */
const anyMemory: fc.Arbitrary<Memory> = ts.chain((at) => {
  const messageId = newMemoryId(at)
  return fc.boolean().chain((isAnswer) =>
    fc.record<Memory>({
      id: fc.constant(isAnswer ? replyIdOf(messageId) : messageId),
      role: fc.constantFrom('user', 'assistant'),
      text: word,
      ts: fc.constant(at),
      speaker: some(word),
      tags: fc.array(word, { maxLength: 4 }),
      conversationId: some(id),
      source: fc.constantFrom('chat', 'ingest', 'import'),
      reach: fc.constantFrom('recall', 'list', 'history'),
      pinned: fc.boolean(),
      editedAt: some(ts),
      turn: isAnswer ? turnOf(messageId) : some(turnOf(undefined)),
    }),
  )
})

function lostOnTheWay(write: (memory: Memory) => object): string | undefined {
  return faultIn(
    fc.property(fc.array(anyMemory, { maxLength: 3 }), (memories) => {
      const jsonl = memories.map((memory) => `${JSON.stringify(write(memory))}\n`).join('')
      const { read, refused } = readLines(jsonl)
      expect(refused).toEqual([])
      expect(read.map(({ memory }) => memory)).toEqual(memories)
    }),
    60,
  )
}

describe('a memory of any kind', () => {
  it('comes back from its line as it was', () => {
    expect(lostOnTheWay(toLine)).toBeUndefined()
  })

  it.each(['pinned', 'tags', 'speaker', 'conversation_id', 'edited_at', 'reach', 'turn', 'source'])(
    'would be missed without its %s',
    (member) => {
      expect(lostOnTheWay((memory) => ({ ...toLine(memory), [member]: undefined }))).toBeDefined()
    },
  )

  it('is never made of what is no line of ours', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.json())
    const fault = faultIn(
      fc.property(fc.array(anything), (lines) => {
        const { read, refused } = readLines(lines.join('\n'))
        expect(read).toEqual([])
        for (const { message } of refused) expect(message).not.toBe('')
      }),
      100,
    )
    expect(fault).toBeUndefined()
  })
})
