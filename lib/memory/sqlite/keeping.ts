import type { DatabaseSync } from 'node:sqlite'
import type { UserId } from '../memory.ts'
import type { UserMemories } from '../store.ts'
import type { Connection } from './connection.ts'
import { preparing } from './prepare.ts'

/** Leases and small values of one user. */
export type Keeping = Pick<UserMemories, 'lease' | 'release' | 'keep' | 'kept'>

export interface KeepingParts {
  readonly connection: Connection
  readonly statements: KeepingStatements
  readonly now: () => Date
}

export type KeepingStatements = ReturnType<typeof prepareKeeping>

/** Two machines' clocks may differ by this. */
const CLOCK_SLACK_MS = 1_000

/** On the table `leases`, whatever file it is in. A kept value stands where a lease has its holder. */
export function prepareKeeping(database: DatabaseSync) {
  const { one, run } = preparing(database)
  return {
    lease: run(
      `INSERT INTO leases (user_id, key, holder, expires_at_ms) VALUES (?, ?, ?, ?)
      ON CONFLICT (user_id, key) DO UPDATE SET expires_at_ms = excluded.expires_at_ms
      WHERE holder = excluded.holder`,
    ),
    dropExpiredLeases: run('DELETE FROM leases WHERE user_id = ? AND expires_at_ms <= ?'),
    dropImpossibleLease: run(
      'DELETE FROM leases WHERE user_id = ? AND key = ? AND expires_at_ms > ?',
    ),
    release: run('DELETE FROM leases WHERE user_id = ? AND key = ? AND holder = ?'),
    keep: run(
      `INSERT INTO leases (user_id, key, holder, expires_at_ms) VALUES (?, ?, ?, ?)
      ON CONFLICT (user_id, key) DO NOTHING`,
    ),
    kept: one<{ value: string }>(
      'SELECT holder AS value FROM leases WHERE user_id = ? AND key = ? AND expires_at_ms > ?',
    ),
    dropLeases: run('DELETE FROM leases WHERE user_id = ?'),
  }
}

/** In a file: one holder among all processes on it. */
export function keepInFile(userId: UserId, { connection, statements, now }: KeepingParts): Keeping {
  return {
    // A lease that is lost with the machine is lost with its holder.
    lease: (key, holder, ms) =>
      connection.writeUnsynced(() => {
        const nowMs = now().getTime()
        statements.dropExpiredLeases(userId, nowMs)
        // Nobody is given more than `ms`: the clock was set back since, and the holder may be long dead.
        statements.dropImpossibleLease(userId, key, nowMs + ms + CLOCK_SLACK_MS)
        return statements.lease(userId, key, holder, nowMs + ms) > 0
      }),
    async release(key, holder) {
      await connection.writeUnsynced(() => statements.release(userId, key, holder))
    },
    keep: (key, value, ms) =>
      connection.write(() => {
        const nowMs = now().getTime()
        statements.dropExpiredLeases(userId, nowMs)
        statements.keep(userId, key, value, nowMs + ms)
        return statements.kept(userId, key, nowMs)!.value
      }),
    kept: (key) => connection.read(() => statements.kept(userId, key, now().getTime())?.value),
  }
}
