import { expect, it } from 'vitest'
import { stem } from './stemmer.ts'

/** Examples of the paper, some for each of its steps. */
const EXAMPLES = [
  'caresses caress, ponies poni, cats cat, caress caress, agreed agre, feed feed, bled bled',
  'plastered plaster, motoring motor, sing sing, conflated conflat, hopping hop, falling fall',
  'hissing hiss, filing file, happy happi, sky sky, relational relat, conditional condit',
  'digitizer digit, triplicate triplic, formative form, hopeful hope, goodness good',
  'revival reviv, allowance allow, adoption adopt, irritant irrit, bowdlerize bowdler',
  'probate probat, rate rate, cease ceas, controlling control, roll roll, possibly possibl',
  'psychology psycholog, toys toi',
].flatMap((line) => line.split(', '))

it.each(EXAMPLES)('%s', (pair) => {
  const [word, stemmed] = pair.split(' ')
  expect(stem(word!)).toBe(stemmed)
})

it('leaves alone what is short, or not written in a to z', () => {
  expect(['is', 'café', 'x86s', 'дома'].map(stem)).toEqual(['is', 'café', 'x86s', 'дома'])
})

it('gives the forms of a word one stem', () => {
  const forms = ['connect', 'connected', 'connecting', 'connection', 'connections']
  expect(new Set(forms.map(stem)).size).toBe(1)
})
