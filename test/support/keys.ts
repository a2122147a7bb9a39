import { makeKey } from '../../lib/api-keys.ts'

/** A key of a user, or of an administrator (`*`), and its entry. */
export const keyFor = (userId: string, label = userId === '*' ? 'admin' : `key-of-${userId}`) =>
  makeKey(label.replaceAll(/[^A-Za-z0-9._-]/g, '.'), userId)

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
