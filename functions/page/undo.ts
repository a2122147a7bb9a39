import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Memory, UserId } from '../../lib/memory/memory.ts'

/** How long a forgotten memory can be had back from the page that forgot it. */
export const UNDO_MS = 5 * 60_000

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * A forgotten memory as a text that only we can read, for the form that restores it. The page keeps it, not the server:
 * what a user forgot is stored nowhere, and Undo works in every process that shares the secret.
 */
export function sealMemory(secret: string, userId: UserId, memory: Memory, now: Date): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, keyOf(secret), nonce).setAAD(Buffer.from(userId))
  const content = JSON.stringify({ until: now.getTime() + UNDO_MS, memory })
  return Buffer.concat([
    nonce,
    cipher.update(content, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]).toString('base64url')
}

/** The memory; undefined when the text is not this user's, was changed, or is too old. */
export function unsealMemory(
  secret: string,
  userId: UserId,
  sealed: string,
  now: Date,
): Memory | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined
  try {
    const decipher = createDecipheriv(CIPHER, keyOf(secret), bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(userId))
      .setAuthTag(bytes.subarray(-TAG_BYTES))
    const content = Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
      decipher.final(),
    ])
    const { until, memory } = JSON.parse(content.toString('utf8')) as Sealed
    return now.getTime() < until ? revive(memory) : undefined
  } catch {
    return undefined
  }
}

interface Sealed {
  readonly until: number
  readonly memory: Omit<Memory, 'ts' | 'editedAt'> & { ts: string; editedAt?: string }
}

function revive({ ts, editedAt, ...memory }: Sealed['memory']): Memory {
  return {
    ...memory,
    ts: new Date(ts),
    ...(editedAt === undefined ? {} : { editedAt: new Date(editedAt) }),
  }
}

/** Of the cookies' secret, but not the same key: one must not open what the other made. */
const keyOf = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', 'undo', 32))
