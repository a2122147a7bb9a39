import { describe, expect, it } from 'vitest'
import type { Memory, UserId } from '../../lib/memory/memory.ts'
import { sealMemory, UNDO_MS, unsealMemory } from './undo.ts'

const SECRET = 'a-secret-of-the-tests-with-enough-characters'
const ada = 'ada' as UserId
const now = new Date('2026-05-04T12:00:00Z')
const memory: Memory = {
  id: '019df2a1-0000-7000-8000-000000000001',
  role: 'user',
  text: 'I like tea.',
  ts: new Date('2026-05-01T08:00:00Z'),
  editedAt: new Date('2026-05-02T08:00:00Z'),
  tags: ['drink'],
  conversationId: 'c1',
  source: 'chat',
  reach: 'recall',
  pinned: true,
  turn: { messageId: 'message-1', state: 'complete' },
}

describe('a sealed memory', () => {
  it('comes back whole, to the same user, for half a minute and more', () => {
    const sealed = sealMemory(SECRET, ada, memory, now)
    expect(unsealMemory(SECRET, ada, sealed, new Date(now.getTime() + 30_000))).toEqual(memory)
  })

  it('is no other’s, not for ever, and not to be changed', () => {
    const sealed = sealMemory(SECRET, ada, memory, now)
    expect(unsealMemory(SECRET, 'alan' as UserId, sealed, now)).toBeUndefined()
    expect(unsealMemory(`${SECRET}!`, ada, sealed, now)).toBeUndefined()
    const late = new Date(now.getTime() + UNDO_MS)
    expect(unsealMemory(SECRET, ada, sealed, late)).toBeUndefined()
    const bytes = Buffer.from(sealed, 'base64url')
    for (const at of [0, 20, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      expect(unsealMemory(SECRET, ada, changed.toString('base64url'), now)).toBeUndefined()
    }
    expect(unsealMemory(SECRET, ada, '', now)).toBeUndefined()
  })

  it('can be read by nobody else, and differs each time', () => {
    const sealed = sealMemory(SECRET, ada, memory, now)
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('tea')
    expect(sealMemory(SECRET, ada, memory, now)).not.toBe(sealed)
  })
})
