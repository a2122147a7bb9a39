import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createIds,
  derivedBytes,
  ID_BYTES,
  idTime,
  isMemoryId,
  newMemoryId,
  replyIdOf,
  uuidv7,
} from './ids.ts'

const noon = new Date('2026-03-01T12:00:00.123Z')
const zeros = new Uint8Array(ID_BYTES)
const ones = new Uint8Array(ID_BYTES).fill(255)

describe('uuidv7', () => {
  it('has the time, version and variant of RFC 9562', () => {
    // The example of the RFC, appendix A.6.
    const at = new Date('2022-02-22T19:22:22.000Z')
    const free = (0xcc3n << 62n) | 0x18c4dc0c0c07398fn
    const bytes = Buffer.from(free.toString(16).padStart(20, '0'), 'hex')
    expect(uuidv7(at, bytes)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')
  })

  it('gives its time back for any time and bytes', () => {
    const time = fc.date({ min: new Date(0), max: new Date(2 ** 48 - 1), noInvalidDate: true })
    const bytes = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES })
    fc.assert(
      fc.property(time, bytes, (at, bytes) => {
        const id = uuidv7(at, bytes)
        expect(isMemoryId(id)).toBe(true)
        expect(idTime(id)).toEqual(at)
      }),
    )
  })

  it('sorts by time as text', () => {
    expect(uuidv7(noon, ones) < uuidv7(new Date(noon.getTime() + 1), zeros)).toBe(true)
  })

  it('counts a time before 1970 as 1970', () => {
    expect(idTime(uuidv7(new Date('1931-05-01T00:00:00Z'), ones))).toEqual(new Date(0))
  })

  it('refuses another number of bytes', () => {
    expect(() => uuidv7(noon, new Uint8Array(16))).toThrow(RangeError)
  })
})

describe('derivedBytes', () => {
  it('gives the same id for the same text and another for another', () => {
    const id = (text: string) => uuidv7(noon, derivedBytes(text))
    expect(id('ada message-1')).toBe(id('ada message-1'))
    expect(id('ada message-2')).not.toBe(id('ada message-1'))
  })
})

describe('createIds', () => {
  it('grows within a millisecond, whatever the random bytes are', () => {
    const nextId = createIds(() => new Uint8Array(ID_BYTES))
    const ids = Array.from({ length: 100 }, () => nextId(noon))
    expect(new Set(ids).size).toBe(100)
    expect(ids.toSorted()).toEqual(ids)
    expect(idTime(ids[99]!)).toEqual(noon)
  })

  it('keeps the order of a millisecond across ids of other times', () => {
    let seed = 200 // Falling bytes: the order is not by chance.
    const nextId = createIds((count) => new Uint8Array(count).fill(seed--))
    const earlier = new Date('2026-02-01T00:00:00Z')
    const [first, , last] = [noon, earlier, noon].map(nextId)
    expect(first! < last!).toBe(true)
  })

  it('takes a random step, so that the next id cannot be guessed', () => {
    let seed = 7
    const nextId = createIds((count) => new Uint8Array(count).fill(seed++))
    const place = () => Number.parseInt(nextId(noon).slice(-8), 16)
    const places = [place(), place(), place(), place()]
    const steps = places.slice(1).map((at, n) => at - places[n]!)
    expect(new Set(steps).size).toBe(3)
  })
})

describe('newMemoryId', () => {
  it('makes another id each time', () => {
    const later = new Date(noon.getTime() + 1)
    const ids = [noon, later, noon, noon].map(newMemoryId)
    expect(new Set(ids).size).toBe(4)
    expect(ids.map(idTime)).toEqual([noon, later, noon, noon])
  })
})

describe('replyIdOf', () => {
  it('is an id of a millisecond later, the same each time', () => {
    const message = newMemoryId(noon)
    expect(replyIdOf(message)).toBe(replyIdOf(message))
    expect(isMemoryId(replyIdOf(message))).toBe(true)
    expect(idTime(replyIdOf(message))).toEqual(new Date(noon.getTime() + 1))
  })

  it('keeps the order of messages of one millisecond', () => {
    const messages = [noon, noon, noon].map(newMemoryId)
    expect(messages.map(replyIdOf).toSorted()).toEqual(messages.map(replyIdOf))
    expect(new Set(messages.map(replyIdOf)).size).toBe(3)
  })

  it('refuses what is no id', () => {
    expect(() => replyIdOf('017F22E2-79B0-7CC3-98C4-DC0C0C07398F')).toThrow(RangeError)
  })
})

describe('isMemoryId', () => {
  it.each([
    ['', false],
    ['017f22e2-79b0-7cc3-98c4-dc0c0c07398f', true],
    ['017f22e2-79b0-4cc3-98c4-dc0c0c07398f', false],
    ['017f22e2-79b0-7cc3-18c4-dc0c0c07398f', false],
    ['017F22E2-79B0-7CC3-98C4-DC0C0C07398F', false],
    ['017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n', false],
  ])('%j: %s', (text, expected) => {
    expect(isMemoryId(text)).toBe(expected)
    expect(idTime(text) !== undefined).toBe(expected)
  })
})
