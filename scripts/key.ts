import { parseArgs } from 'node:util'
import { makeKey, parseKeyList } from '../lib/api-keys.ts'

/**
 * Makes a key for a user, or for an administrator who speaks for all of them. Shows it once, and the entry that lets
 * it in; neither is kept anywhere.
 *
 *   npm run key -- --user NAME [--label LABEL]
 *   npm run key -- --admin [--label LABEL]
 */

const USAGE = `Makes a key: npm run key -- --user NAME [--label LABEL]
         or: npm run key -- --admin [--label LABEL]`

const made = make()
if (made === undefined) {
  console.error(USAGE)
  process.exit(1)
}
console.log(`Key, shown this once: ${made.key}`)
console.log(`Entry for API_KEYS_FILE or API_KEYS: ${made.entry}`)

function make(): ReturnType<typeof makeKey> | undefined {
  const { user, admin, label } = given()
  if ((user !== undefined) === admin) return undefined
  const made = makeKey(label ?? user?.replaceAll('@', '.') ?? 'admin', user ?? '*')
  if (parseKeyList(made.entry).faults.length === 0) return made
  console.error(
    'A user has 1 to 64 of the characters A-Z a-z 0-9 . _ @ - and begins with a letter or digit; a label has 1 to 64 of A-Z a-z 0-9 . _ -\n',
  )
  return undefined
}

function given(): { user?: string; admin: boolean; label?: string } {
  try {
    const { values } = parseArgs({
      options: {
        user: { type: 'string' },
        admin: { type: 'boolean', default: false },
        label: { type: 'string' },
      },
    })
    return values
  } catch {
    return { admin: false }
  }
}
