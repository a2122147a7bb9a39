import { expect, it } from 'vitest'
import { createClock } from './clock.ts'

const HOUR_MS = 3_600_000

function clockOver(readings: number[]): number[] {
  const count = readings.length
  const now = createClock(() => readings.shift()!)
  return Array.from({ length: count }, () => now().getTime())
}

it('is the machine’s clock while that goes forward', () => {
  expect(clockOver([5, 5, 6, 9_000_000])).toEqual([5, 5, 6, 9_000_000])
})

it('goes on a millisecond at a time while the machine’s clock catches up', () => {
  expect(clockOver([1_000, 400, 401, 990, 1_500, 1_501])).toEqual([
    1_000, 1_001, 1_002, 1_003, 1_500, 1_501,
  ])
})

it('believes a clock that was wrong by an hour or more', () => {
  expect(clockOver([HOUR_MS + 5, 6, 7, 8])).toEqual([
    HOUR_MS + 5,
    HOUR_MS + 6,
    HOUR_MS + 7,
    HOUR_MS + 8,
  ])
  expect(clockOver([HOUR_MS + 5, 5, 6, 7])).toEqual([HOUR_MS + 5, 5, 6, 7])
})
