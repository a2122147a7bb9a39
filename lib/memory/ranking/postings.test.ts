import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPostings } from './postings.ts'

it('gives back what was added to each term, in order', () => {
  const entry = fc.record({ term: fc.nat(5), frequency: fc.integer({ min: 1, max: 90 }) })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 600 }), (entries) => {
      const postings = createPostings()
      for (const [passage, { term, frequency }] of entries.entries()) {
        postings.add(term, passage, frequency)
      }
      const buffer = { entries: new Int32Array(1) }
      for (let term = 0; term <= 6; term++) {
        const count = postings.read(term, buffer)
        const read = [...buffer.entries.subarray(0, count)].map((x) => [x >> 6, x & 63])
        const expected = entries.flatMap((added, passage) =>
          added.term === term ? [[passage, Math.min(63, added.frequency)]] : [],
        )
        expect(read).toEqual(expected)
      }
    }),
    { numRuns: 50 },
  )
})
