import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultIn } from '../../test/support/properties.ts'
import { PASSAGE_CHARACTERS, PASSAGE_PIECES, passages } from './passages.ts'

const characters = (text: string) => Array.from(text).length

describe('passages', () => {
  it('leaves a short text whole and finds nothing in white space', () => {
    expect(passages('I only drink tea.')).toEqual(['I only drink tea.'])
    expect(passages(' \n\t ')).toEqual([])
    expect(passages('')).toEqual([])
  })

  it('leaves 600 characters of prose whole', () => {
    const prose = 'We met at the station in Lisbon and talked about the sea until dusk. '
      .repeat(9)
      .slice(0, PASSAGE_CHARACTERS - 1)
    expect(passages(`${prose}.`)).toHaveLength(1)
  })

  it('cuts after the last sentence that fits', () => {
    const sentence = `${'word '.repeat(49)}end.`
    const text = [sentence, sentence, sentence, sentence].join(' ')
    expect(passages(text)).toEqual([`${sentence} ${sentence}`, `${sentence} ${sentence}`])
  })

  it('knows a sentence that ends inside a quotation or at a line end', () => {
    const quotation = `“${'word '.repeat(60)}end.”`
    const line = `${'item '.repeat(60)}last\n`
    expect(passages(quotation + ' ' + 'more '.repeat(80))[0]).toBe(quotation)
    expect(passages(line + 'more '.repeat(80))[0]).toBe(line.trim())
  })

  it('cuts at a space where no sentence ends', () => {
    const found = passages('lorem '.repeat(300))
    expect(found.length).toBeGreaterThan(1)
    expect(found.join(' ')).toBe('lorem '.repeat(300).trim())
  })

  it('cuts anywhere where there is no space, but never through a surrogate pair', () => {
    const found = passages('\u{1f600}'.repeat(700))
    expect(found.map(characters)).toEqual([PASSAGE_PIECES, PASSAGE_PIECES, 200])
    expect(found.every((passage) => passage.isWellFormed())).toBe(true)
  })

  it('counts an ideograph as a piece and a Hangul syllable as three', () => {
    expect(passages('茶'.repeat(251)).map(characters)).toEqual([250, 1])
    expect(passages('차'.repeat(84)).map(characters)).toEqual([83, 1])
    expect(passages(`${'茶'.repeat(200)}。${'水'.repeat(200)}`).map(characters)).toEqual([201, 200])
  })

  it('counts single letters, long words and digits as the many pieces they become', () => {
    expect(characters(passages('a b '.repeat(300))[0]!)).toBeLessThan(2 * PASSAGE_PIECES)
    expect(characters(passages('x'.repeat(900))[0]!)).toBeLessThan(450)
    expect(characters(passages('7'.repeat(900))[0]!)).toBeLessThan(450)
  })

  it('loses no word and keeps both bounds for any text', () => {
    expect(faultOf(passages)).toBeUndefined()
  })

  it.each<[string, (text: string) => string[]]>([
    ['the last words', (text) => passages(text.slice(0, 900))],
    ['its bound', (text) => (text.trim() === '' ? [] : [text.trim()])],
    [
      'a character of each',
      (text) => text.match(/[^]{1,250}/g)?.map((part) => part.trim().slice(1)) ?? [],
    ],
  ])('would be noticed where it lost %s', (_, cut) => {
    expect(faultOf(cut)).toBeDefined()
  })

  function faultOf(cut: (text: string) => string[]): string | undefined {
    const piece = fc.constantFrom('tea ', 'Lisbon. ', '茶', '차', '\u{1f600}', 'é', '\n', '42', 'x')
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2_000, size: 'max' }),
      fc.array(piece, { maxLength: 2_000, size: 'max' }).map((pieces) => pieces.join('')),
    )
    return faultIn(
      fc.property(text, (text) => {
        const found = cut(text)
        expect(found.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''))
        for (const passage of found) {
          expect(characters(passage)).toBeLessThanOrEqual(PASSAGE_CHARACTERS)
          expect(passage).toBe(passage.trim())
          expect(passage).not.toBe('')
        }
      }),
      40,
    )
  }

  it('never cuts inside a word that has a space before it in its passage', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/)
    fc.assert(
      fc.property(fc.array(word, { minLength: 100, maxLength: 400 }), (words) => {
        expect(passages(words.join(' ')).join(' ')).toBe(words.join(' '))
      }),
    )
  })
})
