import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BUSY_TIMEOUT_MS } from '../sqlite/connection.ts'
import { MemoryFileError } from '../sqlite/file-error.ts'

/** Raised by a change that an older release could not live with; such a release then refuses the file. */
const BREAKING_VERSION = 2

/**
 * What the host keeps beside Pinecone: writes on their way and recent ones, in steps that only add.
 *
 * `at` grows with every write in the file; a row is on its way while `sent_at` is below it. A memory without `doc` was deleted.
 * `records` is how many records of it Pinecone may hold; it `is_own` where it was first written here. Of its `vectors`, `own` are those of its text, `prev` is the last of the turn
 * before: the two make the values of its records.
 */
const ADDITIONS: readonly string[] = [
  `
  CREATE TABLE clock (last_at INTEGER NOT NULL) STRICT;
  INSERT INTO clock VALUES (0);

  CREATE TABLE memories (
    memory_no INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    ts_ms INTEGER NOT NULL,
    reach TEXT,
    role TEXT,
    conversation_id TEXT,
    message_id TEXT,
    pinned INTEGER NOT NULL,
    speaker TEXT,
    at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    lsn INTEGER,
    touched_ms INTEGER NOT NULL,
    records INTEGER NOT NULL,
    is_own INTEGER NOT NULL,
    is_new INTEGER NOT NULL,
    refusal TEXT,
    to_link INTEGER NOT NULL,
    linked INTEGER NOT NULL,
    prev_id TEXT,
    last INTEGER NOT NULL,
    doc TEXT,
    UNIQUE (user_id, id)
  ) STRICT;
  CREATE INDEX memories_on_their_way ON memories (user_id, at) WHERE sent_at < at;
  CREATE INDEX memories_by_conversation ON memories (user_id, conversation_id, ts_ms, id)
    WHERE conversation_id IS NOT NULL;
  CREATE INDEX memories_by_message ON memories (message_id) WHERE message_id IS NOT NULL;
  CREATE INDEX memories_by_prev ON memories (user_id, prev_id) WHERE prev_id IS NOT NULL;
  CREATE INDEX memories_to_link ON memories (user_id) WHERE to_link = 1;
  CREATE INDEX memories_by_age ON memories (touched_ms);
  CREATE INDEX memories_by_lsn ON memories (user_id, lsn);
  CREATE INDEX memories_pinned ON memories (user_id) WHERE pinned = 1;
  CREATE INDEX memories_by_speaker ON memories (user_id, speaker) WHERE speaker IS NOT NULL;

  -- Apart, so that what is noted of a memory does not write them again.
  CREATE TABLE vectors (
    memory_no INTEGER PRIMARY KEY REFERENCES memories ON DELETE CASCADE,
    own BLOB,
    prev BLOB
  ) STRICT;
  CREATE VIEW memory_rows AS
    SELECT memories.*, own AS vectors, prev AS prev_vector FROM memories LEFT JOIN vectors USING (memory_no);

  CREATE TABLE conversations (
    user_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    doc TEXT,
    is_miscounted INTEGER NOT NULL,
    head TEXT,
    head_vector BLOB,
    at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    lsn INTEGER,
    touched_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, conversation_id)
  ) STRICT;
  CREATE INDEX conversations_on_their_way ON conversations (user_id, at) WHERE sent_at < at;

  -- All of a user is to be deleted, or was: what was written before is not there, whatever a lagging index says.
  CREATE TABLE clears (
    user_id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    touched_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE leases (
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,
    holder TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
  ) STRICT, WITHOUT ROWID;

  -- Of all processes on this file one sends at a time.
  CREATE TABLE sender (one INTEGER PRIMARY KEY CHECK (one = 1), holder TEXT NOT NULL, until_ms INTEGER NOT NULL) STRICT;

  CREATE TABLE erasure (deletions INTEGER NOT NULL, erased INTEGER NOT NULL) STRICT;
  INSERT INTO erasure VALUES (0, 0);
  `,
]

/** 'AIMP': marks the file as what this product keeps beside Pinecone. */
const APPLICATION_ID = 0x41_49_4d_50
const STEPS_LIMIT = 1_000
const OPENING_TIMEOUT_MS = 5_000

/**
 * The file, made when missing; without a name a database in memory that goes with the process. Throws a
 * `MemoryFileError` for a file of another program or of a release that this one does not understand.
 */
export function openHostFile(file: string | undefined): DatabaseSync {
  if (file === undefined) {
    const database = new DatabaseSync(':memory:')
    complete(database)
    return database
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: OPENING_TIMEOUT_MS })
  try {
    check(database, file)
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA journal_size_limit = 16777216;
      PRAGMA trusted_schema = OFF;
    `)
    complete(database)
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function check(database: DatabaseSync, file: string): void {
  try {
    const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()!
    if (tables === 0) return
  } catch (error) {
    throw new MemoryFileError(
      file,
      'is damaged, or no database.',
      'What had not reached Pinecone yet is in it: restore a backup, or move it away to go on without.',
      { cause: error },
    )
  }
  const { application_id: application } = database.prepare('PRAGMA application_id').get()!
  if (application !== APPLICATION_ID) {
    throw new MemoryFileError(
      file,
      'is a database of another program.',
      'Name a DATA_DIR of its own.',
    )
  }
  const breaking = Math.floor(versionOf(database) / STEPS_LIMIT)
  if (breaking !== BREAKING_VERSION) {
    throw new MemoryFileError(
      file,
      `has schema ${breaking}, and this release reads ${BREAKING_VERSION}.`,
      'Start the release that wrote it, let it send what is on its way, and move the file away.',
    )
  }
}

function complete(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE')
  const done = versionOf(database) % STEPS_LIMIT
  for (const step of ADDITIONS.slice(done)) database.exec(step)
  if (done < ADDITIONS.length) {
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    database.exec(`PRAGMA user_version = ${BREAKING_VERSION * STEPS_LIMIT + ADDITIONS.length}`)
  }
  database.exec('COMMIT')
}

const versionOf = (database: DatabaseSync) =>
  Number(database.prepare('PRAGMA user_version').get()!['user_version'])
