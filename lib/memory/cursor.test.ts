import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultIn } from '../../test/support/properties.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

const place = { tsMs: 1_767_225_600_000, id: '019b76da-a800-7000-8000-000000000001' }

describe('cursor', () => {
  it('gives back the place it was made of, in letters that need no escape in a URL', () => {
    expect(faultOf(encodeCursor)).toBeUndefined()
  })

  it.each<[string, typeof encodeCursor]>([
    ['forgets the id', (scope, { tsMs }) => encodeCursor(scope, { tsMs, id: 'x' })],
    [
      'needs an escape',
      (scope, place) =>
        Buffer.from(encodeCursor(scope, place), 'base64url').toString('base64').replace(/=*$/, '='),
    ],
  ])('would be noticed where it %s', (_, encode) => {
    expect(faultOf(encode)).toBeDefined()
  })

  function faultOf(encode: typeof encodeCursor): string | undefined {
    const id = fc.string({ minLength: 1, unit: 'grapheme' }).filter((id) => id.isWellFormed())
    return faultIn(
      fc.property(fc.integer({ min: -1e13, max: 1e13 }), id, (tsMs, id) => {
        const cursor = encode('ada', { tsMs, id })
        expect(decodeCursor('ada', cursor)).toEqual({ tsMs, id })
        expect(encodeURIComponent(cursor)).toBe(cursor)
      }),
    )
  }

  it.each([
    ['another list', encodeCursor('alan', place)],
    ['nothing', ''],
    ['a word', 'hello'],
    ['a changed place', encodeCursor('ada', place).replace(/..$/, 'AA')],
  ])('refuses the cursor of %s and says where it stood', (_, cursor) => {
    expect(() => decodeCursor('ada', cursor)).toThrow(
      expect.objectContaining({
        status: 422,
        errors: [expect.objectContaining({ path: '/query/cursor' })],
      }),
    )
  })
})
