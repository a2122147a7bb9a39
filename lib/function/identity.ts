import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { config } from '../config.ts'
import type { FieldError } from '../errors.ts'
import type { UserId } from '../memory/memory.ts'
import { USER_ID_RULE, userIdPattern } from '../schema.ts'
import { cookieSecret } from './cookie-secret.ts'
import { invalid, isOwnOrigin } from './input.ts'

/** Who calls, and for whom they may speak. */
export interface Caller {
  /** What is wrong with the way they named themselves; answered with the other faults of the request. */
  readonly faults: readonly FieldError[]
  /** The user of the signed cookie, where there is one. */
  readonly session: UserId | undefined
  /** The user this call is about: the one it claims, else the session's; undefined when there is none. */
  mayActAs(claimed: string | undefined): UserId | undefined
  /** The same, but 422 when there is none. `path` is where the claim would stand. */
  mustActAs(claimed: string | undefined, path: string): UserId
  /** Set-Cookie that makes `userId` the session of this browser. */
  sessionCookie(userId: UserId): string
}

export const anyone: Caller = {
  faults: [],
  session: undefined,
  mayActAs: () => undefined,
  mustActAs: (_, path) => {
    throw noOwner(path)
  },
  sessionCookie: () => '',
}

/**
 * No key is configured, so whoever names a user speaks for that user: the demo. A page knows its user by the signed
 * cookie alone; an API call takes the cookie only from our own pages, so that no other site acts through it.
 */
export function identify(access: 'api' | 'page', event: APIGatewayProxyEventV2): Caller {
  const isSecure = event.headers['x-forwarded-proto'] === 'https'
  const header = access === 'api' ? event.headers['x-user-id'] : undefined
  const headerFaults: FieldError[] =
    header !== undefined && !userIdPattern.test(header)
      ? [{ path: '/headers/x-user-id', message: USER_ID_RULE }]
      : []
  const session =
    access === 'page' || isSameOrigin(event) ? readSession(event, isSecure) : undefined
  const mayActAs = (claimed: string | undefined) => {
    if (claimed !== undefined && header !== undefined && claimed !== header) {
      throw invalid([
        { path: '/headers/x-user-id', message: 'This names another user than user_id does.' },
      ])
    }
    return (claimed as UserId | undefined) ?? (header as UserId | undefined) ?? session
  }
  return {
    faults: headerFaults,
    session,
    mayActAs,
    mustActAs(claimed, path) {
      const userId = mayActAs(claimed)
      if (userId === undefined) throw noOwner(path)
      return userId
    },
    sessionCookie: (userId) => writeCookie(userId, isSecure),
  }
}

/** 128 random bits: nobody comes upon somebody else's by guessing. */
export const newUserId = () => `u-${randomBytes(16).toString('base64url')}` as UserId

/** The value of a cookie as it came; undefined when there is none of this name. */
export function readCookie(
  { cookies = [] }: APIGatewayProxyEventV2,
  name: string,
): string | undefined {
  const prefix = `${name}=`
  return cookies.find((cookie) => cookie.startsWith(prefix))?.slice(prefix.length)
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

/** `__Host-` binds the cookie to this host and to https; a browser refuses that name over plain http. */
const cookieName = (isSecure: boolean) => (isSecure ? '__Host-uid' : 'uid')
const YEAR_SECONDS = 365 * 24 * 60 * 60

function writeCookie(userId: UserId, isSecure: boolean): string {
  const value = `${userId}.${sign(userId)}`
  const flags = `Path=/; Max-Age=${YEAR_SECONDS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  return `${cookieName(isSecure)}=${value}; ${flags}`
}

function readSession(event: APIGatewayProxyEventV2, isSecure: boolean): UserId | undefined {
  const value = readCookie(event, cookieName(isSecure))
  if (value === undefined) return undefined
  const dot = value.lastIndexOf('.') // A user id may hold dots, a signature cannot.
  const userId = value.slice(0, dot)
  if (dot < 1 || !userIdPattern.test(userId)) return undefined
  const given = Buffer.from(value.slice(dot + 1))
  const wanted = Buffer.from(sign(userId))
  return given.length === wanted.length && timingSafeEqual(given, wanted)
    ? (userId as UserId)
    : undefined
}

const sign = (userId: string) =>
  createHmac('sha256', cookieSecret(config())).update(`uid:${userId}`).digest('base64url')
