import { randomBytes } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { type ApiKey, findKey } from '../api-keys.ts'
import { config } from '../config.ts'
import { type FieldError, notFound, Problem } from '../errors.ts'
import type { UserId } from '../memory/memory.ts'
import { USER_ID_RULE, userIdPattern } from '../schema.ts'
import { invalid, isOwnOrigin } from './input.ts'
import { currentKeys } from './keys.ts'
import {
  endKeyedSession,
  type KeyedSession,
  readKeyedSession,
  readOpenSession,
  writeKeyedSession,
  writeOpenSession,
} from './session.ts'

/** Who calls, and for whom they may speak. */
export interface Caller {
  /** What is wrong with the way they named themselves; answered with the other faults of the request. */
  readonly faults: readonly FieldError[]
  /** The user of the signed cookie, where there is one. */
  readonly session: UserId | undefined
  /** The key that lets them in; undefined where none is asked for, and for a page's stranger. */
  readonly key: ApiKey | undefined
  /**
   * The user this call is about: the one it claims, else the session's or the key's; undefined when there is none.
   * Throws 404 for a user whom their key does not speak for: who exists is told to nobody.
   */
  mayActAs(claimed: string | undefined): UserId | undefined
  /** The same, but 422 when there is none. `path` is where the claim would stand. */
  mustActAs(claimed: string | undefined, path: string): UserId
  /** Set-Cookie that makes `userId`, for whom they may speak, the session of this browser. */
  sessionCookie(userId: UserId): string
  /** Set-Cookie that lets this browser in by a key; undefined for a key that nobody has. */
  signIn(key: string): string | undefined
  signOut(): string
}

export const anyone: Caller = {
  faults: [],
  session: undefined,
  key: undefined,
  mayActAs: () => undefined,
  mustActAs: (_, path) => {
    throw noOwner(path)
  },
  sessionCookie: () => '',
  signIn: () => undefined,
  signOut: () => '',
}

/** `tell` hears what is wrong with the file of keys. Throws 401 for a call that needs a key and has none. */
export function identify(
  access: 'api' | 'page',
  event: APIGatewayProxyEventV2,
  tell: (faults: readonly string[]) => void,
): Caller {
  const header = access === 'api' ? event.headers['x-user-id'] : undefined
  const faults: FieldError[] =
    header !== undefined && !userIdPattern.test(header)
      ? [{ path: '/headers/x-user-id', message: USER_ID_RULE }]
      : []
  if (!config().asksForKey) return openCaller(access, event, header, faults)
  const keys = currentKeys(tell)
  return access === 'api'
    ? keyCaller(keyOf(event, keys), header, faults)
    : keyedPageCaller(event, keys)
}

/**
 * No key is configured, so whoever names a user speaks for that user: the demo. A page knows its user by the signed
 * cookie alone; an API call takes the cookie only from our own pages, so that no other site acts through it.
 */
function openCaller(
  access: 'api' | 'page',
  event: APIGatewayProxyEventV2,
  header: string | undefined,
  faults: readonly FieldError[],
): Caller {
  const session = access === 'page' || isSameOrigin(event) ? readOpenSession(event) : undefined
  const mayActAs = (claimed: string | undefined) => claimOf(claimed, header) ?? session
  return {
    ...anyone,
    faults,
    session,
    mayActAs,
    mustActAs: (claimed, path) => mayActAs(claimed) ?? fail(noOwner(path)),
    sessionCookie: (userId) => writeOpenSession(event, userId),
  }
}

/** A call of the API by a key: no cookie counts, so no page can act through somebody's browser. */
function keyCaller(key: ApiKey, header: string | undefined, faults: readonly FieldError[]): Caller {
  const mayActAs = (claimed: string | undefined) => {
    if (key.userId === '*') return claimOf(claimed, header)
    if ([claimed, header].some((name) => name !== undefined && name !== key.userId)) {
      throw notFound('user')
    }
    return key.userId
  }
  return {
    ...anyone,
    faults,
    key,
    mayActAs,
    mustActAs: (claimed, path) => mayActAs(claimed) ?? fail(noOwner(path)),
  }
}

function keyedPageCaller(event: APIGatewayProxyEventV2, keys: readonly ApiKey[]): Caller {
  const session = readKeyedSession(event, keys, new Date())
  const write = (to: KeyedSession) => writeKeyedSession(event, to, new Date())
  const mayActAs = (claimed: string | undefined) => {
    if (claimed === undefined || claimed === session?.userId) return session?.userId
    if (session?.key.userId !== '*') throw notFound('user')
    return claimed as UserId
  }
  return {
    ...anyone,
    session: session?.userId,
    key: session?.key,
    mayActAs,
    mustActAs: (claimed, path) => mayActAs(claimed) ?? fail(noOwner(path)),
    sessionCookie: (userId) => (session ? write({ key: session.key, userId }) : ''),
    signIn(given) {
      const key = findKey(keys, given)
      // Whoever may speak for all begins as somebody new, and changes that on the page.
      return key && write({ key, userId: key.userId === '*' ? newUserId() : key.userId })
    },
    signOut: () => endKeyedSession(event),
  }
}

/** Where a request names a user twice, it names one. */
export function oneOwner(first: string | undefined, second: string | undefined) {
  if (first === undefined || second === undefined || first === second) return first ?? second
  throw invalid([{ path: '/query/user_id', message: 'This names another user than elsewhere.' }])
}

/** 128 random bits: nobody comes upon somebody else's by guessing. */
export const newUserId = () => `u-${randomBytes(16).toString('base64url')}` as UserId

function keyOf({ headers }: APIGatewayProxyEventV2, keys: readonly ApiKey[]): ApiKey {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers['authorization'] ?? '') ?? []
  const given = bearer ?? headers['x-api-key']
  if (given === undefined) throw keyNeeded('Send a key: Authorization: Bearer, or X-API-Key.')
  return findKey(keys, given) ?? fail(keyNeeded('This key is not known here.', 'invalid_token'))
}

const REALM = 'Bearer realm="AI Memory Layer"'

export const keyNeeded = (detail: string, error?: string) =>
  new Problem(401, 'Key needed', detail, {
    headers: { 'www-authenticate': error === undefined ? REALM : `${REALM}, error="${error}"` },
  })

function claimOf(claimed: string | undefined, header: string | undefined): UserId | undefined {
  if (claimed !== undefined && header !== undefined && claimed !== header) {
    throw invalid([
      { path: '/headers/x-user-id', message: 'This names another user than user_id does.' },
    ])
  }
  return (claimed ?? header) as UserId | undefined
}

const noOwner = (path: string) =>
  invalid([
    { path, message: `Say whose memories: user_id here, or the header X-User-Id. ${USER_ID_RULE}` },
  ])

function isSameOrigin({ headers }: APIGatewayProxyEventV2): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  return headers['origin'] === undefined || isOwnOrigin(headers)
}

function fail(error: Error): never {
  throw error
}
