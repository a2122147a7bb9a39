import { describe, expect, it } from 'vitest'
import { bucketOf, clientOf } from './client.ts'

const from = (headers: Record<string, string>, trustedProxies: number, peer = '10.0.0.9') =>
  clientOf(peer, new Headers(headers), trustedProxies)

describe('the client of a request', () => {
  const forged = { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'https' }

  it('is the other end of the socket, whatever headers say, where no proxy is trusted', () => {
    expect(from(forged, 0)).toEqual({ address: '10.0.0.9', isSecure: undefined })
  })

  it('is whom the one proxy saw, not whom the client claims to stand for', () => {
    const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.7', 'x-forwarded-proto': 'https' }
    expect(from(headers, 1)).toEqual({ address: '203.0.113.7', isSecure: true })
    expect(from({ ...headers, 'x-forwarded-proto': 'http' }, 1).isSecure).toBe(false)
  })

  it('is whom the outer of two proxies saw', () => {
    const headers = {
      'x-forwarded-for': '198.51.100.1, 203.0.113.7, 10.0.0.2',
      'x-forwarded-proto': 'https, http',
    }
    expect(from(headers, 2)).toEqual({ address: '203.0.113.7', isSecure: true })
  })

  it('is the nearest there is where proxies said less than they should, or nonsense', () => {
    expect(from({}, 1)).toEqual({ address: '10.0.0.9', isSecure: false })
    expect(from({ 'x-forwarded-for': '203.0.113.7' }, 3).address).toBe('203.0.113.7')
    expect(from({ 'x-forwarded-for': 'unknown' }, 1).address).toBe('10.0.0.9')
    expect(from({ 'x-forwarded-for': ', ,' }, 1).address).toBe('10.0.0.9')
  })
})

describe('the bucket of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::6', '2001:db8:1:2'],
    ['2001:db8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::7', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s is %s', (address, bucket) => {
    expect(bucketOf(address)).toBe(bucket)
  })
})
