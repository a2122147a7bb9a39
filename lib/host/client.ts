import { isIP } from 'node:net'

/** Who is at the far end of a request, as far as it can be believed. */
export interface Client {
  readonly address: string
  /** Whether they came by https; undefined where no proxy may say so. */
  readonly isSecure: boolean | undefined
}

/**
 * Each proxy writes the address it was asked from at the end of X-Forwarded-For. The last `trustedProxies` of them are
 * ours, so the client is the one that the first of ours saw; whatever stands before it anyone can have written.
 */
export function clientOf(peer: string, headers: Headers, trustedProxies: number): Client {
  if (trustedProxies === 0) return { address: peer, isSecure: undefined }
  const chain = [...listIn(headers, 'x-forwarded-for'), peer]
  const claimed = chain[Math.max(0, chain.length - 1 - trustedProxies)]!
  const protocols = listIn(headers, 'x-forwarded-proto')
  return {
    address: isIP(claimed) > 0 ? claimed : peer,
    isSecure: protocols[Math.max(0, protocols.length - trustedProxies)] === 'https',
  }
}

/** Whose bucket an address takes from: an IPv6 network of 64 bits is one household's, however many addresses it has. */
export function bucketOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '').replace(/%.*$/, '')
  if (isIP(plain) !== 6) return plain
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const whole =
    tail === undefined ? groups : [...groups, ...zeros(8 - groups.length - after.length), ...after]
  return whole
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

const zeros = (count: number) => Array.from({ length: Math.max(0, count) }, () => '0')

const listIn = (headers: Headers, name: string) =>
  (headers.get(name) ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
