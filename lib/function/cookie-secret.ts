import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'

let kept: string | undefined

/** COOKIE_SECRET, or one that is made once and kept beside the memories, so that a restart signs nobody out. */
export function cookieSecret({ cookieSecret: given, dataDir }: Config): string {
  kept ??= given ?? readOrMake(dataDir)
  return kept
}

function readOrMake(dataDir: string): string {
  const file = join(dataDir, 'cookie-secret')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  try {
    // wx: of two processes that start at once one makes it and both read the same.
    writeFileSync(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8')
}
