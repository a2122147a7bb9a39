import { grown } from './grown.ts'

/** A term frequency above this counts as this: BM25 has long levelled off. */
export const MAX_FREQUENCY = 63

/**
 * For each term the passages that hold it. A list is a chain of blocks in one pool, doubling in size, so
 * that the many terms seen once or twice cost three numbers each and a long list is still read in runs.
 * An entry is `passage * 64 + frequency`: there is room for 33 million passages.
 */
export interface Postings {
  readonly bytes: number
  add(term: number, passage: number, frequency: number): void
  /** Copies the entries of a term, oldest first, into `target.entries`, which grows as needed; how many. */
  read(term: number, target: EntryBuffer): number
}

export interface EntryBuffer {
  entries: Int32Array
}

const FIRST_BLOCK = 2
const LARGEST_BLOCK = 64

export function createPostings(): Postings {
  let pool = new Int32Array(256)
  let used = 0
  let heads = new Int32Array(64)
  let tails = new Int32Array(64)
  let counts = new Int32Array(64)

  function block(capacity: number): number {
    const start = used
    used += capacity + 1
    pool = grown(pool, used)
    pool[start] = -1
    return start
  }

  return {
    get bytes() {
      return pool.byteLength + heads.byteLength + tails.byteLength + counts.byteLength
    },

    add(term, passage, frequency) {
      heads = grown(heads, term + 1)
      tails = grown(tails, term + 1)
      counts = grown(counts, term + 1)
      const count = counts[term]!
      const { offset, capacity } = lastBlock(count)
      if (offset === 0) {
        const start = block(capacity)
        if (count === 0) heads[term] = start
        else pool[tails[term]!] = start
        tails[term] = start
      }
      pool[tails[term]! + 1 + offset] = passage * 64 + Math.min(frequency, MAX_FREQUENCY)
      counts[term] = count + 1
    },

    read(term, target) {
      const count = counts[term] ?? 0
      target.entries = grown(target.entries, count)
      let start = heads[term]!
      let capacity = FIRST_BLOCK
      for (let copied = 0; copied < count;) {
        const size = Math.min(capacity, count - copied)
        for (let at = 0; at < size; at++) target.entries[copied + at] = pool[start + 1 + at]!
        copied += size
        start = pool[start]!
        capacity = Math.min(capacity * 2, LARGEST_BLOCK)
      }
      return count
    },
  }
}

/** Where entry number `count` of a list goes: its offset in the last block, and that block's size. */
function lastBlock(count: number): { offset: number; capacity: number } {
  let capacity = FIRST_BLOCK
  let offset = count
  while (capacity < LARGEST_BLOCK && offset >= capacity) {
    offset -= capacity
    capacity *= 2
  }
  return { offset: offset % capacity, capacity }
}
