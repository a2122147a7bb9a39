import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultIn } from '../../test/support/properties.ts'
import { newMemoryId } from '../memory/ids.ts'
import type { Memory } from '../memory/memory.ts'
import { assemblePrompt, countTokens, type Prompt, type PromptParts } from './prompt.ts'

const at = new Date('2026-03-01T12:00:00Z')

function said(text: string, changes: Partial<Memory> = {}): Memory {
  return {
    id: newMemoryId(at),
    role: 'user',
    text,
    ts: at,
    tags: [],
    source: 'chat',
    reach: 'recall',
    pinned: false,
    ...changes,
  }
}

const recall = (memory: Memory, supersededBy?: string) => ({
  memory,
  score: 0.5,
  why: {},
  supersededBy,
})

const assemble = (parts: Partial<PromptParts>) =>
  assemblePrompt({
    message: 'What should I order?',
    at,
    recalled: [],
    pinned: [],
    recent: [],
    budgetTokens: 3000,
    ...parts,
  })

const textsOf = ({ memories }: Prompt) => memories.map(({ text }) => text)

describe('what is pinned', () => {
  const allergy = said('I am allergic to peanuts.', { pinned: true })
  const tea = said('I only drink tea.')

  it('is offered whatever the message is about, before what was recalled', () => {
    const prompt = assemble({ pinned: [allergy], recalled: [recall(tea)] })
    expect(textsOf(prompt)).toEqual([allergy.text, tea.text])
    // The generator that only quotes what was recalled shall not quote what the question is not about.
    expect(prompt.recalled.map(({ text }) => text)).toEqual([tea.text])
  })

  it('is offered once, with what recall knows of it', () => {
    const newer = recall(allergy, tea.id)
    const { memories } = assemble({ pinned: [allergy], recalled: [recall(tea), newer] })
    expect(memories.map(({ text, superseded }) => [text, superseded])).toEqual([
      [allergy.text, true],
      [tea.text, false],
    ])
    const { memories: none, turns } = assemble({ pinned: [allergy], recent: [allergy] })
    expect(none).toEqual([])
    expect(turns).toEqual([{ role: 'user', text: allergy.text }])
  })

  it('leaves room for what the message is about', () => {
    const pinned = Array.from({ length: 20 }, (_, n) => said(`Pin ${n}. ${'word '.repeat(60)}`))
    const texts = textsOf(assemble({ pinned, recalled: [recall(tea)], budgetTokens: 2000 }))
    expect(texts.at(-1)).toBe(tea.text)
    expect(texts.length).toBeGreaterThan(2)
    expect(texts.length).toBeLessThan(20)
  })
})

const tokensOf = ({ instructions, memories, turns, message }: Prompt) =>
  [instructions, message, ...memories.map(({ text }) => text), ...turns.map(({ text }) => text)]
    .map(countTokens)
    .reduce((sum, tokens) => sum + tokens, 0)

/** Any mix of memories: some pinned, some recalled, some said in this conversation, some of them two or all of that. */
const anyParts = fc
  .array(
    fc.record({
      text: fc.string({ unit: 'grapheme', maxLength: 100 }),
      times: fc.integer({ min: 1, max: 30 }),
      role: fc.constantFrom('user' as const, 'assistant' as const),
      isPinned: fc.boolean(),
      isRecalled: fc.boolean(),
      isRecent: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map((list) => {
    const memories = list.map(({ text, times, role, ...is }, n) => ({
      memory: said(`${n} ${text.repeat(times)}`, { role }),
      ...is,
    }))
    return {
      pinned: memories.filter(({ isPinned }) => isPinned).map(({ memory }) => memory),
      recalled: memories.filter(({ isRecalled }) => isRecalled).map(({ memory }) => recall(memory)),
      recent: memories.filter(({ isRecent }) => isRecent).map(({ memory }) => memory),
    }
  })

function brokenPromise(make: (parts: PromptParts) => Prompt): string | undefined {
  const message = fc.string({ minLength: 1, maxLength: 200 })
  const budget = fc.integer({ min: 600, max: 6000 })
  return faultIn(
    fc.property(anyParts, message, budget, (parts, message, budgetTokens) => {
      const prompt = make({ ...parts, message, at, budgetTokens })
      expect(tokensOf(prompt)).toBeLessThanOrEqual(budgetTokens)
      expect(prompt.message).toBe(message)
      const texts = textsOf(prompt)
      expect(new Set(texts).size).toBe(texts.length)
      const given = new Set([
        ...parts.pinned.map(({ text }) => text),
        ...parts.recalled.map(({ memory }) => memory.text),
      ])
      expect(texts.filter((text) => !given.has(text))).toEqual([])
      const recent = parts.recent.map(({ text }) => text)
      expect(texts.filter((text) => recent.includes(text))).toEqual([])
      // The newest turns without a gap.
      expect(prompt.turns.map(({ text }) => text)).toEqual(
        recent.slice(recent.length - prompt.turns.length),
      )
    }),
    150,
  )
}

describe('prompt assembly, of anything', () => {
  it('stays within its budget, says nothing twice and nothing that it was not given', () => {
    expect(brokenPromise(assemblePrompt)).toBeUndefined()
  })

  it.each<[string, (parts: PromptParts) => PromptParts]>([
    ['forgets its budget', (parts) => ({ ...parts, budgetTokens: 1e9 })],
    ['repeats what stands among the turns', (parts) => ({ ...parts, recent: [] })],
  ])('would be noticed where it %s', (_, change) => {
    expect(brokenPromise((parts) => assemblePrompt(change(parts)))).toBeDefined()
  })
})
