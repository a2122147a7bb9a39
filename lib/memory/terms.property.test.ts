import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultIn } from '../../test/support/properties.ts'
import { terms } from './terms.ts'

const PIECES = Array.from('42-…İß\0茶차\u0301\u200d').concat([
  'tea',
  'Zoë’s',
  'running',
  'สวัสดี',
  '\u{1f600}',
  'ﬁne',
  'ＡＢＣ',
  "don't",
  '\ud800',
  'e\u0301',
])
const piece = fc.constantFrom(...PIECES)
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(' ')),
  fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
)

/** What a search relies on, whoever wrote the text and however. */
function brokenPromise(split: (text: string) => string[]): string | undefined {
  return faultIn(
    fc.property(text, text, (one, other) => {
      const found = split(one)
      expect(split(one.normalize('NFD'))).toEqual(split(one.normalize('NFC')))
      expect(split(`${one}\n${other}`)).toEqual([...found, ...split(other)])
      for (const term of found) {
        expect(term).toMatch(/^[\p{L}\p{N}\p{M}\p{S}]+$/u)
        expect(term).toBe(term.toLowerCase())
      }
    }),
    200,
  )
}

describe('terms of any text', () => {
  it('are words in lower case, the same for the same text however it is written and whatever stands beside', () => {
    expect(brokenPromise(terms)).toBeUndefined()
  })

  it.each<[string, (text: string) => string[]]>([
    ['keeps accents apart', (given) => given.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? []],
    ['keeps capitals', (given) => given.normalize('NFC').match(/[\p{L}\p{N}\p{M}]+/gu) ?? []],
    ['keeps punctuation', (given) => given.normalize('NFC').toLowerCase().split(/\s+/)],
  ])('would be noticed where a splitter %s', (_, split) => {
    expect(brokenPromise(split)).toBeDefined()
  })
})
