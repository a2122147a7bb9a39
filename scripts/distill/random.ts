/** Numbers from 0 up to 1, the same for the same seed. Source: mulberry32, public domain. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Puts the numbers into a random order, in place. */
export function shuffle(numbers: Int32Array, random: () => number) {
  for (let i = numbers.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const kept = numbers[i]!
    numbers[i] = numbers[j]!
    numbers[j] = kept
  }
}
