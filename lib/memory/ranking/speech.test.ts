import { describe, expect, it } from 'vitest'
import { tellsOfChange, tellsOfEnd, tellsOfNow } from './change.ts'
import { isFirstPerson, isOnlyQuestion } from './speech.ts'

describe('a text that only asks', () => {
  it.each([
    'What do I drink?',
    'Hi! Where did I park?',
    'what was the name of my dentist',
    'remind me where the key is',
    '我的猫叫什么？',
    'Do you know? Did I tell you?',
  ])('%s', (text) => expect(isOnlyQuestion(text)).toBe(true))

  it.each([
    'I sold it. Was that wise?',
    'What a day.',
    'I drink tea',
    'When I was six, we lived in Rome',
    `${'Since I am allergic to nuts and my sister is vegan and both of us live far from any shop, '.repeat(2)}what can I cook?`,
    '',
  ])('not: %s', (text) => expect(isOnlyQuestion(text)).toBe(false))
})

it('knows who speaks of themselves', () => {
  expect(['I swim', 'it is mine', 'I\u2019m here', '我喜欢茶'].map(isFirstPerson)).toEqual(
    Array(4).fill(true),
  )
  expect(['She swims', 'Iodine', 'mystery'].map(isFirstPerson)).toEqual(Array(3).fill(false))
})

it('knows what tells of an end, of a change, and of how things are of late', () => {
  expect(['I no longer smoke', 'Sold the car', 'I quit in May'].every(tellsOfEnd)).toBe(true)
  expect(['It was moved to May', 'I smoke'].some(tellsOfEnd)).toBe(false)
  expect(['I no longer smoke', 'Sold the car', 'It was moved to May'].every(tellsOfChange)).toBe(
    true,
  )
  expect(['I smoke', 'The car is red'].some(tellsOfChange)).toBe(false)
  expect(['I live in Oslo now', 'my new boss', 'on Mondays since May'].every(tellsOfNow)).toBe(true)
  expect(['I knew it', 'I live in Oslo'].some(tellsOfNow)).toBe(false)
})
