import { createHmac, timingSafeEqual } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { ApiKey } from '../api-keys.ts'
import { config } from '../config.ts'
import type { UserId } from '../memory/memory.ts'
import { userIdPattern } from '../schema.ts'
import { cookieSecret } from './cookie-secret.ts'
import { readCookie, writeCookie } from './cookies.ts'

/** Signed cookies that say who a browser is: anyone's where no key is asked for, a key's where one is. */

const DAY_SECONDS = 24 * 60 * 60
const OPEN = { cookie: 'uid', seconds: 365 * DAY_SECONDS }
const KEYED = { cookie: 'session', seconds: 30 * DAY_SECONDS }

export function readOpenSession(event: APIGatewayProxyEventV2): UserId | undefined {
  const userId = unsigned('uid', readCookie(event, OPEN.cookie))
  return userId !== undefined && userIdPattern.test(userId) ? (userId as UserId) : undefined
}

export const writeOpenSession = (event: APIGatewayProxyEventV2, userId: UserId): string =>
  writeCookie(event, OPEN.cookie, signed('uid', userId), OPEN.seconds)

export interface KeyedSession {
  readonly key: ApiKey
  readonly userId: UserId
}

/** Holds only as long as its key is let in and speaks for this user, and 30 days at most. */
export function readKeyedSession(
  event: APIGatewayProxyEventV2,
  keys: readonly ApiKey[],
  now: Date,
): KeyedSession | undefined {
  const content = unsigned('session', readCookie(event, KEYED.cookie))
  const [, until = '', mark = '', userId = ''] = /^(\d+)\.(\w+)\.(.+)$/.exec(content ?? '') ?? []
  if (!(Number(until) > now.getTime() / 1000)) return undefined
  const key = keys.find((key) => markOf(key) === mark)
  if (!key || (key.userId !== '*' && key.userId !== userId)) return undefined
  return { key, userId: userId as UserId }
}

export function writeKeyedSession(
  event: APIGatewayProxyEventV2,
  { key, userId }: KeyedSession,
  now: Date,
): string {
  const until = Math.floor(now.getTime() / 1000) + KEYED.seconds
  const content = `${until}.${markOf(key)}.${userId}`
  return writeCookie(event, KEYED.cookie, signed('session', content), KEYED.seconds)
}

export const endKeyedSession = (event: APIGatewayProxyEventV2): string =>
  writeCookie(event, KEYED.cookie, '', 0)

/** Tells which key a session came from; far too little of the hash to say anything else. */
const markOf = ({ hash }: ApiKey) => hash.toString('hex', 0, 8)

/** `purpose` keeps one kind of cookie from being taken for another. */
const signatureOf = (purpose: string, content: string) =>
  createHmac('sha256', cookieSecret(config())).update(`${purpose}:${content}`).digest('base64url')

const signed = (purpose: string, content: string) => `${content}.${signatureOf(purpose, content)}`

function unsigned(purpose: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const dot = value.lastIndexOf('.') // What is signed may hold dots, a signature cannot.
  const content = value.slice(0, Math.max(0, dot))
  const given = Buffer.from(value.slice(dot + 1))
  const wanted = Buffer.from(signatureOf(purpose, content))
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? content : undefined
}
