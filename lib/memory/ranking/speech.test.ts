import { describe, expect, it } from 'vitest'
import { tellsOf } from './change.ts'
import { CHANGE, END, NOW } from './columns.ts'
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
  const tells = (bit: number) => (text: string) => (tellsOf(text) & bit) !== 0
  expect(['I no longer smoke', 'Sold the car', 'I quit in May'].every(tells(END))).toBe(true)
  expect(['It was moved to May', 'I smoke'].some(tells(END))).toBe(false)
  expect(['SOLD', '不再', 'No LONGER'].every(tells(END))).toBe(true)
  expect(['I no longer smoke', 'Sold the car', 'It was moved to May'].every(tells(CHANGE))).toBe(
    true,
  )
  expect(['I smoke', 'The car is red'].some(tells(CHANGE))).toBe(false)
  expect(['I live in Oslo now', 'my new boss', 'on Mondays since May'].every(tells(NOW))).toBe(true)
  expect(['I knew it', 'I live in Oslo'].some(tells(NOW))).toBe(false)
})
