import { createHash, randomBytes } from 'node:crypto'

/** Random or derived bytes that an id takes beside its time. */
export const ID_BYTES = 10

const TIME_LIMIT_MS = 2 ** 48
/** What remains of the 128 bits of a UUID beside time, version and variant. */
const FREE_BITS = 74n
const LOW_BITS = 62n
/** More than the items of one ingest. */
const TIMES_KNOWN = 1_000

/**
 * A UUIDv7 of this time and these `ID_BYTES` bytes, of which 74 bits are used. As text, ids are in order of time.
 * A time before 1970 counts as 1970: a UUIDv7 has no earlier one. Source: RFC 9562, section 5.7.
 */
export function uuidv7(at: Date, bytes: Uint8Array): string {
  if (bytes.length !== ID_BYTES) throw new RangeError(`An id takes ${ID_BYTES} bytes.`)
  let free = 0n
  for (const byte of bytes) free = (free << 8n) | BigInt(byte)
  return format(at.getTime(), BigInt.asUintN(Number(FREE_BITS), free))
}

/** The same bytes for the same text, so that an id can be made again from what it stands for. */
export function derivedBytes(text: string): Uint8Array {
  return createHash('sha256').update(text).digest().subarray(0, ID_BYTES)
}

/** A new id for a memory of this time. What is made within one millisecond stays in the order it was made. */
export const newMemoryId = createIds(randomBytes)

/** Ids that grow within a millisecond. A step is random, so that the next id cannot be guessed. */
export function createIds(randomBytes: (count: number) => Uint8Array): (at: Date) => string {
  // By time, since what is brought in has times of its own, which may come between two of one millisecond.
  const lastFree = new Map<number, bigint>()
  return (at) => {
    const bytes = randomBytes(ID_BYTES)
    const { ms, free } = partsOf(uuidv7(at, bytes))
    const step = 1n + BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0))
    const last = lastFree.get(ms)
    const next = last === undefined ? free : BigInt.asUintN(Number(FREE_BITS), last + step)
    lastFree.delete(ms)
    lastFree.set(ms, next)
    if (lastFree.size > TIMES_KNOWN) lastFree.delete(lastFree.keys().next().value!)
    return format(ms, next)
  }
}

/**
 * The id of the answer to the message with this id, the same for every caller: that of a millisecond later, so
 * that an answer stands behind its message, and answers are in the order of their messages.
 */
export function replyIdOf(messageId: string): string {
  const { ms, free } = partsOf(messageId)
  return format(ms + 1, free)
}

/** When this id was made; undefined for what is no UUIDv7. */
export function idTime(id: string): Date | undefined {
  return isMemoryId(id) ? new Date(partsOf(id).ms) : undefined
}

/** Lower case only: one id has one spelling. */
export function isMemoryId(text: string): boolean {
  return UUID_V7.test(text)
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

function format(ms: number, free: bigint): string {
  const timeMs = BigInt(Math.min(Math.max(Math.trunc(ms), 0), TIME_LIMIT_MS - 1))
  const high = (timeMs << 16n) | 0x7000n | (free >> LOW_BITS)
  const low = 0x8000_0000_0000_0000n | BigInt.asUintN(Number(LOW_BITS), free)
  const hex = high.toString(16).padStart(16, '0') + low.toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function partsOf(id: string): { ms: number; free: bigint } {
  if (!isMemoryId(id)) throw new RangeError('This is no UUIDv7 in lower case.')
  const hex = id.replaceAll('-', '')
  const free =
    (BigInt(`0x${hex.slice(13, 16)}`) << LOW_BITS) |
    BigInt.asUintN(Number(LOW_BITS), BigInt(`0x${hex.slice(16)}`))
  return { ms: Number.parseInt(hex.slice(0, 12), 16), free }
}
