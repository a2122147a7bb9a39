import { describe, expect, it } from 'vitest'
import { namedSpeaker, textToEmbed } from './recall.ts'

const speakers = ['Anna Berg', 'Tom', 'Li Wei']

describe('the speaker a text names', () => {
  it('is found by first name or in full, whatever the case', () => {
    expect(namedSpeaker('what does anna eat?', speakers)).toBe('Anna Berg')
    expect(namedSpeaker('What does Anna Berg eat?', speakers)).toBe('Anna Berg')
  })

  it('is nobody when there are two, or none', () => {
    expect(namedSpeaker('Did Anna meet Tom?', speakers)).toBeUndefined()
    expect(namedSpeaker('What time is it?', speakers)).toBeUndefined()
  })

  it('is not somebody whose name is part of a word', () => {
    expect(namedSpeaker('Do I like tomatoes in Savannah?', speakers)).toBeUndefined()
  })

  it('needs the full name where two share the first', () => {
    const both = ['Anna Berg', 'Anna Falk']
    expect(namedSpeaker('What does Anna eat?', both)).toBeUndefined()
    expect(namedSpeaker('What does Anna Falk eat?', both)).toBe('Anna Falk')
  })

  it('is found in text without spaces', () => {
    expect(namedSpeaker('王芳喜欢什么？', ['王芳', '李雷'])).toBe('王芳')
  })

  it('may hold what means something in a pattern', () => {
    expect(namedSpeaker('What did J.R. (the tall one) say?', ['J.R. (the tall one)'])).toBeDefined()
  })
})

describe('the text to embed', () => {
  it('leaves the named speaker out, possessive and all', () => {
    expect(textToEmbed('What is Anna\u2019s dog called?', speakers)).toBe('What is dog called?')
  })

  it('is the question itself when two are named, or when nothing else would be left', () => {
    expect(textToEmbed('Did Anna meet Tom?', speakers)).toBe('Did Anna meet Tom?')
    expect(textToEmbed('Tom', speakers)).toBe('Tom')
  })
})
