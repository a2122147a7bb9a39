import { createHmac } from 'node:crypto'

export const COOKIE_SECRET = 'a-secret-of-the-tests-with-enough-characters'

/** The header of a browser whose session is `userId`, signed with `secret`. */
export function sessionOf(userId: string, secret = COOKIE_SECRET): string {
  const signature = createHmac('sha256', secret).update(`uid:${userId}`).digest('base64url')
  return `uid=${userId}.${signature}`
}
