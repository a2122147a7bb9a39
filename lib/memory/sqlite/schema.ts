import type { DatabaseSync } from 'node:sqlite'
import { MemoryFileError } from './file-error.ts'

/**
 * Raised by a change that a release from before it could not live with; such a release then refuses the file. All
 * other changes are steps below: two releases write to one file while the newer one takes over.
 */
export const BREAKING_VERSION = 1

/**
 * What the file holds, as steps that only add. The number of steps done stands in the file: a newer release
 * does the rest, an older one writes beside them. A step that has been released is never edited.
 *
 * `memory_no` is `user_no * 2^32 + n`, so that a user's rows stand together in the file. `revision` counts a user's
 * writes: what changed since a revision is found by it. `removals` grows when something is deleted.
 */
export const ADDITIONS: readonly string[] = [
  `
  CREATE TABLE users (
    user_no INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL DEFAULT 0,
    removals INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE embedders (
    embedder_no INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE memories (
    memory_no INTEGER PRIMARY KEY,
    user_no INTEGER NOT NULL REFERENCES users,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    ts_ms INTEGER NOT NULL,
    role TEXT NOT NULL,
    reach TEXT NOT NULL,
    source TEXT NOT NULL,
    pinned INTEGER NOT NULL,
    conversation_id TEXT,
    speaker TEXT,
    tags TEXT,
    edited_at_ms INTEGER,
    message_id TEXT,
    turn TEXT,
    embedder_no INTEGER REFERENCES embedders,
    text TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX memories_by_id ON memories (user_no, id);
  CREATE UNIQUE INDEX memories_by_message ON memories (user_no, message_id, role)
    WHERE message_id IS NOT NULL;
  -- A caller's message id stands for one message, whoever's it is.
  CREATE UNIQUE INDEX messages_by_id ON memories (message_id)
    WHERE message_id IS NOT NULL AND role = 'user';
  CREATE INDEX memories_by_revision ON memories (user_no, revision);
  CREATE INDEX memories_by_time ON memories (user_no, ts_ms, id) WHERE reach <> 'history';
  CREATE INDEX memories_by_conversation ON memories (user_no, conversation_id, ts_ms, id, role)
    WHERE conversation_id IS NOT NULL;
  CREATE INDEX memories_by_embedder ON memories (embedder_no) WHERE reach = 'recall';

  -- Of one memory, by the embedder its row names: its passages' vectors joined, float32, little-endian.
  CREATE TABLE vectors (
    memory_no INTEGER PRIMARY KEY REFERENCES memories ON DELETE CASCADE,
    passages BLOB NOT NULL
  ) STRICT;

  CREATE TABLE leases (
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,
    holder TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
  ) STRICT, WITHOUT ROWID;

  -- Deletions so far, and how many of them are erased from free space too (eraser.ts).
  CREATE TABLE erasure (deletions INTEGER NOT NULL, erased INTEGER NOT NULL) STRICT;
  INSERT INTO erasure VALUES (0, 0);
  `,
  `CREATE INDEX memories_by_pin ON memories (user_no, ts_ms, id) WHERE pinned = 1`,
  `
  CREATE INDEX memories_of_history ON memories (user_no, ts_ms, id) WHERE reach = 'history';
  -- Whose id it is, for ids that come from a file.
  CREATE INDEX memories_by_bare_id ON memories (id);
  CREATE INDEX leases_by_expiry ON leases (expires_at_ms);
  `,
]

/** 'AIML': marks the file as one of this product. */
const APPLICATION_ID = 0x41_49_4d_4c

/** The version of a file whose place a restored one takes at this moment (staged-file.ts). */
export const REPLACED_VERSION = -1

/**
 * Refuses, and leaves as it is, what was written by another program or by a release that this one does not
 * understand. An empty file is fine.
 */
export function checkSchema(database: DatabaseSync, file: string): void {
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()!
  if (tables === 0) return
  const { application_id } = database.prepare('PRAGMA application_id').get()!
  if (application_id !== APPLICATION_ID) {
    throw new MemoryFileError(
      file,
      'is a database of another program.',
      'Name a DATA_DIR of its own.',
    )
  }
  const { breaking, additions } = versionsOf(database)
  if (breaking === REPLACED_VERSION) {
    throw new ReplacedFileError(
      file,
      'was to be replaced by a restored file that is gone.',
      'Restore a backup again.',
    )
  }
  if (breaking !== BREAKING_VERSION) {
    throw new MemoryFileError(
      file,
      `has schema ${breaking}.${additions}, and this release reads ${BREAKING_VERSION}.${ADDITIONS.length}.`,
      breaking > BREAKING_VERSION
        ? 'Start the release that wrote it or a newer one, or restore a backup from before that release.'
        : 'Start the release that wrote it, export each user there, and import them here.',
    )
  }
}

/** This file is on its way out: what stands under its name in a moment is another. */
export class ReplacedFileError extends MemoryFileError {}

/** Adds what the file lacks, in one transaction; a process that does the same at the same time waits. */
export function completeSchema(database: DatabaseSync, steps: readonly string[] = ADDITIONS): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const { additions } = versionsOf(database)
    for (const step of steps.slice(additions)) database.exec(step)
    if (additions < steps.length) {
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
      database.exec(`PRAGMA user_version = ${BREAKING_VERSION * STEPS_LIMIT + steps.length}`)
    }
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Both numbers share the one integer of an SQLite file that is its writer's to use. */
const STEPS_LIMIT = 1_000

function versionsOf(database: DatabaseSync): { breaking: number; additions: number } {
  const version = Number(database.prepare('PRAGMA user_version').get()!['user_version'])
  return { breaking: Math.floor(version / STEPS_LIMIT), additions: version % STEPS_LIMIT }
}
