import { createHmac, hkdfSync } from 'node:crypto'
import type { UserId } from './memory.ts'
import type { Holdings, MemoryStore } from './store.ts'

/** What was erased, and how far it is gone. */
export interface Receipt {
  /** How many there were of each. In a dry run: how many there are. */
  readonly removed: Holdings
  /** `done`: the bytes are gone from the file, its log and its free space too. */
  readonly scrubbed: 'pending' | 'done'
  /** Looked for again, and nothing was found. */
  readonly verified: boolean
  /** When the user was erased; of a dry run, when it was asked. */
  readonly at: Date
}

export interface EraseOptions {
  readonly store: MemoryStore
  readonly userId: UserId
  /** What receipts are filed by is derived from it; it is kept apart from the memories. */
  readonly secret: string
  readonly now: () => Date
  /** Ends what is being answered (lib/chat/chat.ts). */
  readonly forgetDeleted: (userId: UserId) => Promise<void>
}

/** Long enough for whoever has to prove it; then nothing is left that was ever about this user. */
const RECEIPT_KEPT_MS = 30 * 24 * 60 * 60 * 1000

/**
 * Forgets everything about a user. Asked again, while nothing new is there, it gives the same receipt as it stands now.
 * Of an erased user is kept, for 30 days: how many memories there were, when they were erased, and a hash of the user
 * id by a secret that is not in the memory file. Nobody can read from it who that was; whoever names the user can ask.
 */
export async function eraseUser(options: EraseOptions): Promise<Receipt> {
  const { store, userId, secret, now, forgetDeleted } = options
  const memories = store.forUser(userId)
  const drawer = store.forUser(drawerOf(userId, secret))
  const before = await memories.holdings()
  // Also where there is no memory: what is kept for requests that are sent twice goes too.
  const removed = await memories.clear()
  await forgetDeleted(userId)
  const isVerified = isEmpty(await memories.holdings())
  const kept = await drawer.kept(RECEIPT)
  if (removed > 0 || kept === undefined) {
    const filed: FiledReceipt = {
      removed: { ...before, memories: removed },
      at: now().toISOString(),
      mark: await store.erasureMark?.(),
    }
    if (kept !== undefined) await drawer.release(RECEIPT, kept)
    if (removed > 0) await drawer.keep(RECEIPT, JSON.stringify(filed), RECEIPT_KEPT_MS)
    return receiptOf(filed, store, isVerified)
  }
  return receiptOf(JSON.parse(kept) as FiledReceipt, store, isVerified)
}

/** What there is to erase; erases nothing. */
export async function surveyUser({
  store,
  userId,
  now,
}: Pick<EraseOptions, 'store' | 'userId' | 'now'>): Promise<Receipt> {
  const removed = await store.forUser(userId).holdings()
  const isGone = isEmpty(removed)
  const isScrubbed = isGone && (await store.isErased())
  return { removed, scrubbed: isScrubbed ? 'done' : 'pending', verified: isGone, at: now() }
}

const RECEIPT = 'receipt'

interface FiledReceipt {
  readonly removed: Holdings
  readonly at: string
  /** Of the store, once these memories were deleted. */
  readonly mark?: number | undefined
}

async function receiptOf(
  { removed, at, mark }: FiledReceipt,
  store: MemoryStore,
  verified: boolean,
): Promise<Receipt> {
  const isScrubbed = await store.isErased(mark)
  return { removed, scrubbed: isScrubbed ? 'done' : 'pending', verified, at: new Date(at) }
}

/** Where the receipt is filed: no user can have this id, since theirs begin with a letter or digit. */
function drawerOf(userId: UserId, secret: string): UserId {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'erasure', 32))
  return `-erased-${createHmac('sha256', key).update(userId).digest('base64url')}` as UserId
}

const isEmpty = (holdings: Holdings) => Object.values(holdings).every((count) => count === 0)
