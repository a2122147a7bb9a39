import { describe, expect, it } from 'vitest'
import { newMemoryId } from '../../lib/memory/ids.ts'
import { memoryOnWire } from '../../lib/memory/wire.ts'
import { readLines } from './upload.ts'

const line = (of: object) =>
  JSON.stringify({ text: 'Tea.', role: 'user', ts: '2026-05-04T12:00:00Z', ...of })

describe('lines of memories', () => {
  it('read back what was given away', () => {
    const ts = new Date('2026-05-04T12:00:00Z')
    const memory = {
      id: newMemoryId(ts),
      role: 'user',
      text: 'Tea.',
      ts,
      tags: ['drink'],
      conversationId: 'c1',
      source: 'import',
      reach: 'recall',
      pinned: true,
    } as const
    const { memories, refused } = readLines(`${JSON.stringify(memoryOnWire(memory))}\n`, 1)
    expect(memories).toEqual([memory])
    expect(refused).toEqual([])
  })

  it('tell which line is refused, and why, and take the others', () => {
    const jsonl = [line({}), '', 'no json', line({ text: '', role: 'robot' }), line({ text: 'b' })]
    const { memories, refused } = readLines(jsonl.join('\n'), 101)
    expect(memories.map(({ text }) => text)).toEqual(['Tea.', 'b'])
    expect(refused.map(({ line }) => line)).toEqual([103, 104])
    expect(refused[1]!.message).toMatch(/text: .*role: /)
  })

  it('give the same memory the same id, and none the id of another time', () => {
    const [first] = readLines(line({}), 1).memories
    const [again] = readLines(line({}), 1).memories
    expect(again!.id).toBe(first!.id)
    const stolen = newMemoryId(new Date('2020-01-01T00:00:00Z'))
    const [moved] = readLines(line({ id: stolen }), 1).memories
    expect(moved!.id).not.toBe(stolen)
  })
})
