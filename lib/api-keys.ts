import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { UserId } from './memory/memory.ts'
import { userIdPattern } from './schema.ts'

/** A key as it is configured: never the key itself, only what recognises it. */
export interface ApiKey {
  /** What the log calls it. */
  readonly label: string
  /** SHA-256 of the key. A key has 256 random bits, so there is nothing that a slower hash would protect. */
  readonly hash: Buffer
  /** Whom it speaks for; `*` for everyone, which makes it an administrator's. */
  readonly userId: UserId | '*'
}

export interface KeyEntries {
  readonly keys: readonly ApiKey[]
  /** What is wrong, by the number of the entry or line. Never quotes one: somebody may have put a key there. */
  readonly faults: readonly string[]
}

export const KEY_ENTRY_RULE =
  'is not label:sha256:user, with * as the user of an administrator. This makes one: npm run key -- --user NAME'

/** `npm run key` makes it; whoever finds one in a log or a repository can tell what it is. */
const KEY_PREFIX = 'aiml_'
const KEY_BYTES = 32

/** A new key, and the entry that lets it in. */
export function makeKey(label: string, userId: string): { key: string; entry: string } {
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url')
  return { key, entry: `${label}:${hashOf(key).toString('hex')}:${userId}` }
}

/** Entries as API_KEYS holds them, separated by commas. */
export function parseKeyList(list: string): KeyEntries {
  return parseEntries(list.split(','), 'Entry')
}

/** Entries as a file holds them, one a line; empty lines and those that begin with # say nothing. */
export function parseKeyFile(text: string): KeyEntries {
  return parseEntries(text.replaceAll(/^\s*#.*$/gm, '').split('\n'), 'Line')
}

/** The same of a file; one that cannot be read holds no key. */
export function readKeyFile(path: string): KeyEntries {
  try {
    return parseKeyFile(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException
    return { keys: [], faults: [`The file cannot be read (${code}).`] }
  }
}

/** The key that was given, compared with all of them in a time that tells nothing. */
export function findKey(keys: readonly ApiKey[], given: string): ApiKey | undefined {
  const hash = hashOf(given)
  let found: ApiKey | undefined
  for (const key of keys) {
    if (timingSafeEqual(key.hash, hash)) found = key
  }
  return found
}

function parseEntries(entries: readonly string[], unit: string): KeyEntries {
  const keys: ApiKey[] = []
  const faults: string[] = []
  for (const [index, entry] of entries.entries()) {
    if (entry.trim() === '') continue
    const key = parseEntry(entry.trim())
    if (!key) faults.push(`${unit} ${index + 1} ${KEY_ENTRY_RULE}`)
    else if (keys.some(({ hash }) => hash.equals(key.hash))) {
      faults.push(`${unit} ${index + 1} repeats a key: one key speaks for one user.`)
    } else keys.push(key)
  }
  return { keys, faults }
}

const ENTRY = /^([A-Za-z0-9._-]{1,64}):([0-9a-fA-F]{64}):([^:]+)$/

function parseEntry(entry: string): ApiKey | undefined {
  const [, label, hash, userId] = ENTRY.exec(entry) ?? []
  if (label === undefined || hash === undefined || userId === undefined) return undefined
  if (userId !== '*' && !userIdPattern.test(userId)) return undefined
  return { label, hash: Buffer.from(hash, 'hex'), userId: userId as UserId | '*' }
}

const hashOf = (key: string) => createHash('sha256').update(key).digest()
