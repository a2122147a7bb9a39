import { expect, it } from 'vitest'
import { ANSWER_TOKENS, familyOf } from './model-family.ts'

it.each([
  ['mistralai/Mistral-7B-Instruct-v0.2', { hasSystemRole: false, promptTokens: 6000 }],
  ['mistralai/Mistral-7B-Instruct-v0.2:featherless-ai', { hasSystemRole: false }],
  ['google/gemma-2-9b-it', { hasSystemRole: false }],
  ['meta-llama/Llama-3.1-8B-Instruct', { hasSystemRole: true, promptTokens: 6000 }],
  ['meta-llama/Meta-Llama-3-8B-Instruct', { hasSystemRole: true, promptTokens: 5000 }],
  ['llama3.2:latest', { hasSystemRole: true, promptTokens: 6000 }],
  ['who-knows', { hasSystemRole: true, promptTokens: 3000 }],
])('knows %s', (model, expected) => {
  expect(familyOf(model)).toMatchObject(expected)
})

it('leaves room for an answer in a window of 4,096 tokens where it knows nothing', () => {
  expect(familyOf('who-knows').promptTokens + ANSWER_TOKENS).toBeLessThan(4096)
})
