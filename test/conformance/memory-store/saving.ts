import { expect } from 'vitest'
import { ada, asked, listed, recalled, said, save, type Suite } from './suite.ts'

export function describeSaving({ it, open }: Suite) {
  it('gives back each memory as it was saved', async () => {
    const memories = (await open()).forUser(ada)
    const plain = said('I only drink tea')
    const full = said('Answer', {
      role: 'assistant',
      speaker: 'Grace',
      tags: ['work', 'Büro'],
      conversationId: 'c_1',
      source: 'import',
      reach: 'list',
      pinned: true,
      editedAt: new Date('2026-02-02T09:30:00.123Z'),
      turn: {
        messageId: 'message-1',
        inReplyTo: plain.id,
        state: 'failed',
        failure: 'The model took too long.',
        usage: { promptTokens: 12, completionTokens: 3, model: 'some/model' },
        latencyMs: 1234.5,
        recalled: [{ id: plain.id, score: 0.75, why: { lexical: 1.5 }, supersededBy: plain.id }],
      },
    })
    await save(memories, plain, full)
    expect(await memories.get(plain.id)).toEqual(plain)
    expect(await memories.get(full.id)).toEqual(full)
  })

  it('keeps every character of a text', async () => {
    const memories = (await open()).forUser(ada)
    const texts = [
      'Zeile eins\nZeile zwei\r\n\tTab',
      `'; DROP TABLE memories; -- " \\ %_*`,
      '我只喝茶 👩‍👩‍👧‍👦 e\u0301 \u{1f600}',
      ' spaces around ',
      'a'.repeat(32_000),
    ].map((text) => said(text))
    await save(memories, ...texts)
    for (const memory of texts) expect((await memories.get(memory.id))?.text).toBe(memory.text)
  })

  it('keeps times before 1970 and to the millisecond', async () => {
    const memories = (await open()).forUser(ada)
    const old = said('I was born', { ts: new Date('1931-05-01T06:07:08.009Z') })
    await save(memories, old, said('Now'))
    expect((await memories.get(old.id))?.ts).toEqual(old.ts)
    expect((await listed(memories)).at(-1)).toBe(old.id)
  })

  it('says that it saved, and that it saved nothing', async () => {
    const memories = (await open()).forUser(ada)
    expect(await memories.save([{ memory: said('I only drink tea') }])).toMatch(
      /^(stored|pending)$/,
    )
    expect(await memories.save([])).toMatch(/^(stored|pending)$/)
  })

  it('leaves a memory as it is when its id is saved again', async () => {
    const memories = (await open()).forUser(ada)
    const [first, other] = [said('I only drink tea'), said('And water')]
    await save(memories, first)
    await save(memories, { ...first, text: 'I only drink coffee', tags: ['changed'] }, other)
    expect(await memories.get(first.id)).toEqual(first)
    expect(await listed(memories)).toEqual([other.id, first.id])
  })

  it('saves a memory once that comes twice in one call', async () => {
    const memories = (await open()).forUser(ada)
    const memory = said('I only drink tea')
    await save(memories, memory, memory)
    expect(await listed(memories)).toEqual([memory.id])
  })

  it('saves all of a call or nothing', async () => {
    const memories = (await open()).forUser(ada)
    await save(memories, asked('First', 'message-1'))
    const before = await listed(memories)
    const batch = [said('Good'), asked('A second one under its id', 'message-1'), said('Also good')]
    await expect(memories.save(batch.map((memory) => ({ memory })))).rejects.toMatchObject({
      status: 409,
    })
    expect(await listed(memories)).toEqual(before)
    expect(await recalled(memories, 'Good')).toEqual(before)
    await save(memories, batch[0]!, batch[2]!) // They were fit to be saved: it was the call that was refused.
  })

  it('saves a thousand memories in one call', async () => {
    const memories = (await open()).forUser(ada)
    const many = Array.from({ length: 1_000 }, (_, at) => said(`Memory number ${at}`))
    await save(memories, ...many)
    expect((await memories.list({ limit: 200 })).memories).toHaveLength(200)
    expect(await memories.clear()).toBe(1_000)
  })

  it('saves what is said at the same time by different callers', async () => {
    const store = await open()
    const many = Array.from({ length: 40 }, (_, at) => said(`Memory number ${at}`))
    await Promise.all(many.map((memory) => save(store.forUser(ada), memory)))
    expect(new Set(await listed(store.forUser(ada)))).toEqual(new Set(many.map(({ id }) => id)))
  })
}
