import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { openConnection, requestText } from '../../test/support/socket.ts'
import { listen, type Patience } from './listen.ts'

const GENEROUS = 60_000
let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function start(
  patience: Partial<Patience>,
  answer: () => Response | Promise<Response> = () => new Response('hello'),
) {
  const generous = { headersMs: GENEROUS, requestMs: GENEROUS, readMs: GENEROUS, idleMs: GENEROUS }
  server = await listen({
    fetch: answer,
    host: '127.0.0.1',
    port: 0,
    patience: { ...generous, ...patience },
  })
  return openConnection((server.address() as AddressInfo).port)
}

const openConnections = () =>
  new Promise<number>((resolve, reject) =>
    server!.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

describe('a slow sender', () => {
  it('is cut when the head of its request does not come', async () => {
    await using connection = await start({ headersMs: 200, requestMs: 400 })
    connection.send('GET / HTTP/1.1\r\nhost: localhost\r\n')
    const drip = setInterval(() => connection.send('x: y\r\n'), 50)
    await connection.closed
    clearInterval(drip)
    expect(connection.received()).toMatch(/^(HTTP\/1\.1 408|$)/)
  })

  it('is cut when the body of its request does not come', async () => {
    await using connection = await start({ headersMs: 200, requestMs: 400 }, async () => {
      await sleep(GENEROUS, undefined, { ref: false })
      return new Response('never')
    })
    connection.send('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n')
    const drip = setInterval(() => connection.send('x'), 50)
    await connection.closed
    clearInterval(drip)
    expect(connection.received()).toMatch(/^(HTTP\/1\.1 408|$)/)
  })
})

describe('a slow reader', () => {
  const large = () => new Response('x'.repeat(32 * 1024 * 1024))

  it('is cut when it takes nothing of what is ready', async () => {
    await using connection = await start({ readMs: 300 }, large)
    connection.socket.pause()
    connection.send(requestText('GET', '/'))
    await expect.poll(openConnections).toBe(1)
    await expect.poll(openConnections, { timeout: 5000 }).toBe(0)
  })

  it('is left alone as long as it takes something', async () => {
    await using connection = await start({ readMs: 300 }, large)
    connection.send(requestText('GET', '/'))
    // A tenth of a second apart, some of it each time: longer in all than a reader may take nothing.
    for (let part = 0; part < 6; part++) {
      connection.socket.pause()
      await sleep(100)
      connection.socket.resume()
      await sleep(5)
    }
    await expect.poll(() => connection.received().length).toBeGreaterThan(32 * 1024 * 1024)
  })

  it('is left alone while its answer is being made', async () => {
    let finish = () => {}
    const made = new Promise<void>((resolve) => (finish = resolve))
    await using connection = await start({ readMs: 100 }, async () => {
      await made
      return new Response('late')
    })
    connection.send(requestText('GET', '/'))
    await sleep(400)
    finish()
    await expect.poll(connection.received).toContain('late')
  })
})

describe('a connection that is not used', () => {
  it('is kept for as long as a proxy may keep it, then closed', async () => {
    await using connection = await start({ idleMs: 600, readMs: 100 })
    connection.send(requestText('GET', '/'))
    await expect.poll(connection.received).toContain('hello')
    await sleep(300) // Longer than a reader may take.
    connection.send(requestText('GET', '/'))
    await expect.poll(() => connection.received().split('hello').length).toBe(3)
    await connection.closed
  })
})
