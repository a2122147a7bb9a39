import { describe, expect, it } from 'vitest'
import { isUnspaced, terms } from './terms.ts'

describe('terms', () => {
  it('are lower-case stems in order, without stop words', () => {
    expect(terms('My dogs were running in the Parks')).toEqual(['dog', 'run', 'park'])
  })

  it('keep a name out of its possessive and drop contractions', () => {
    expect(terms('Anna\u2019s dog, and Anna\u2019ll come; I don\u2019t, he\u2019s not')).toEqual([
      'anna',
      'dog',
      'anna',
      'come',
    ])
    expect(terms("five o'clock")).toEqual(['five', 'oclock'])
  })

  it('keep words that only look like contractions', () => {
    expect(terms('ill, id and shed')).toEqual(['ill', 'id', 'shed'])
  })

  it('fold accents and full-width forms', () => {
    expect(terms('Café ＣＡＦＥ São')).toEqual(['cafe', 'cafe', 'sao'])
  })

  it('cut Chinese, Japanese and Thai into pairs of characters, and mixed words where the script changes', () => {
    expect(terms('我喜欢茶')).toEqual(['我喜', '喜欢', '欢茶'])
    expect(terms('茶')).toEqual(['茶'])
    expect(terms('iPhone手机')).toEqual(['iphon', '手机'])
    expect(terms('สวัสดี').length).toBeGreaterThan(1)
  })

  it('keep the marks of other scripts', () => {
    expect(terms('हिन्दी')).toEqual(['हिन्दी'])
  })

  it('find nothing in punctuation', () => {
    expect(terms('?! … 🙂')).toEqual([])
  })
})

it('knows text without spaces', () => {
  expect(isUnspaced('我喜欢茶')).toBe(true)
  expect(isUnspaced('I like tea')).toBe(false)
})
