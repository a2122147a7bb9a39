import { createHash } from 'node:crypto'
import type { UserId } from '../memory.ts'
import { type Keeping, keepInFile, type KeepingParts } from '../sqlite/keeping.ts'
import { faintVector, type Metadata } from './records.ts'
import type { UserRecords } from './user-records.ts'

/**
 * In Pinecone, for hosts without a disk: one holder in this process, and as a rule among all. Pinecone knows no "only if
 * nobody has it": two that ask within its lag may both be told yes.
 */
export function keepThere(
  userId: UserId,
  parts: KeepingParts,
  records: UserRecords,
  dimension: number,
): Keeping {
  const here = keepInFile(userId, parts)
  const { now } = parts

  async function read(key: string): Promise<string | undefined> {
    const id = keptRecordId(userId, key)
    const metadata = (await records.fetch([id])).get(id)?.metadata
    return metadata && Number(metadata['expires_at']) > now().getTime()
      ? String(metadata['value'])
      : undefined
  }

  async function write(key: string, value: string, ms: number): Promise<void> {
    const metadata: Metadata = { user_id: userId, value, expires_at: now().getTime() + ms }
    const values = faintVector(dimension)
    await records.upsert([{ id: keptRecordId(userId, key), values, metadata }])
  }

  return {
    async lease(key, holder, ms) {
      if (!(await here.lease(key, holder, ms))) return false
      const other = await read(key)
      if (other !== undefined && other !== holder) {
        await here.release(key, holder)
        return false
      }
      await write(key, holder, ms)
      return true
    },
    async release(key, holder) {
      await here.release(key, holder)
      if ((await read(key)) === holder) await records.remove([keptRecordId(userId, key)])
    },
    async keep(key, value, ms) {
      const known = await here.kept(key)
      if (known !== undefined) return known
      const there = await read(key)
      const kept = await here.keep(key, there ?? value, ms)
      if (there === undefined && kept === value) await write(key, value, ms)
      return kept
    },
    async kept(key) {
      return (await here.kept(key)) ?? read(key)
    },
  }
}

/** Keys hold what callers name, of any length and in any script. */
const keptRecordId = (userId: UserId, key: string) =>
  `${userId}:kept:${createHash('sha256').update(key).digest('base64url')}`
