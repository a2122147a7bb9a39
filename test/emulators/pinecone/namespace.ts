import type { StoredRecord } from './records.ts'

export type Records = Map<string, StoredRecord>

/** Changes records; the same change, whenever it becomes visible. */
export type Write = (records: Records) => void

interface PendingWrite {
  readonly write: Write
  readonly lsn: number
  readonly visibleAtMs: number
}

/**
 * The records of one namespace. A write is acknowledged at once under the next log sequence number and
 * becomes visible to every read, fetch and counts included, after its lag, in the order of the log.
 * Source: Pinecone docs, "Check data freshness".
 */
export class Namespace {
  /** Of the newest write that was acknowledged. */
  lsn = 0
  /** Of the newest write that reads see. */
  indexedLsn = 0
  readonly #visible: Records = new Map()
  #pending: PendingWrite[] = []

  write(write: Write, visibleAtMs: number, nowMs: number): number {
    this.lsn += 1
    this.#pending.push({ write, lsn: this.lsn, visibleAtMs })
    this.visible(nowMs)
    return this.lsn
  }

  /** What reads see by now. */
  visible(nowMs: number): ReadonlyMap<string, StoredRecord> {
    while (this.#pending[0] && this.#pending[0].visibleAtMs <= nowMs) {
      const { write, lsn } = this.#pending.shift()!
      write(this.#visible)
      this.indexedLsn = lsn
    }
    return this.#visible
  }

  /** What was acknowledged, seen or not. */
  acknowledged(): ReadonlyMap<string, StoredRecord> {
    const records = new Map(this.#visible)
    for (const { write } of this.#pending) write(records)
    return records
  }

  settle() {
    this.visible(Infinity)
  }
}
