import { describe, expect, it } from 'vitest'
import {
  calibrationCurve,
  calibrationError,
  f1Of,
  halfWidth,
  precisionOf,
  recallAt,
} from './measures.ts'

const answer = (turns: readonly string[], evidence: readonly string[], score = 0.5) => ({
  results: turns.map((turn) => ({ turn, score, characters: 10 })),
  evidence: new Set(evidence),
})

describe('measures', () => {
  it('counts the evidence among the first results', () => {
    expect(recallAt(2, answer(['a', 'x', 'b'], ['a', 'b']))).toBe(0.5)
    expect(recallAt(3, answer(['a', 'x', 'b'], ['a', 'b']))).toBe(1)
  })

  it('weighs what is right against what was returned and what was to be found', () => {
    expect(precisionOf(answer(['a', 'x'], ['a']))).toBe(0.5)
    expect(f1Of(answer(['a', 'x'], ['a']))).toBeCloseTo(2 / 3)
    expect(f1Of(answer([], ['a']))).toBe(0)
    expect(precisionOf(answer([], ['a']))).toBe(0)
  })

  it('finds no error in scores that are right as often as they say', () => {
    const honest = [answer(['a', 'x'], ['a'])]
    expect(calibrationError(calibrationCurve(honest))).toBe(0)
    const boastful = [answer(['a', 'x'], ['a'], 0.9)]
    expect(calibrationError(calibrationCurve(boastful))).toBeCloseTo(0.4)
  })

  it('gives a wider interval to fewer and more different values, the same each time', () => {
    const few = [0, 1, 0, 1]
    const many = Array.from({ length: 400 }, (_, at) => at % 2)
    expect(halfWidth(few)).toBeGreaterThan(halfWidth(many))
    expect(halfWidth(many)).toBe(halfWidth(many))
    expect(halfWidth([1, 1, 1])).toBe(0)
  })
})
