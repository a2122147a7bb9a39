import { describe, expect, it } from 'vitest'
import { ResponseStream } from '../../lib/host/response-stream.ts'
import { startHost } from '../support/host.ts'
import { openConnection, requestText } from '../support/socket.ts'

const MIB = 1024 * 1024

describe('a reader who does not read', () => {
  it('holds the function back, so that memory stays bounded; reading on lets it go on', async () => {
    await using host = await startHost({ staged: true })
    const written = async () =>
      Number((await host.api.request<string>('GET', '/flood/written')).body)
    await using slow = await openConnection(host.port)
    slow.send(requestText('GET', '/flood'))
    await expect.poll(slow.received).toContain('200 OK')
    slow.socket.pause()

    // Held back: what is written no longer grows.
    let before = -1
    await expect
      .poll(
        async () => {
          const now = await written()
          const isStill = now === before
          before = now
          return isStill
        },
        { interval: 300, timeout: 15_000 },
      )
      .toBe(true)
    // Sockets of the machine hold some MiB; without back-pressure it would be gigabytes by now.
    expect(before).toBeLessThan(64 * MIB)

    slow.socket.resume()
    await expect.poll(written, { timeout: 15_000 }).toBeGreaterThan(before + 64 * MIB)
  })

  it('who then hangs up ends the function', async () => {
    await using host = await startHost({ staged: true })
    const written = async () =>
      Number((await host.api.request<string>('GET', '/flood/written')).body)
    const slow = await openConnection(host.port)
    slow.send(requestText('GET', '/flood'))
    await expect.poll(slow.received).toContain('200 OK')
    await slow[Symbol.asyncDispose]()
    // Nothing runs any more, or the drain would have to cut it.
    expect(await written()).toBeGreaterThan(0)
    expect(await host.stop()).toBe(0)
    expect(host.logs().at(-1)).toMatchObject({ message: 'stopped', clean: true })
  })
})

describe('a response stream', () => {
  it('asks its writer to wait when its reader is behind, and to go on when it has caught up', async () => {
    const stream = new ResponseStream()
    const chunk = new Uint8Array(64 * 1024)
    let chunks = 0
    while (stream.write(chunk)) chunks += 1
    expect(chunks).toBeLessThan(64)
    const drained = new Promise((resolve) => stream.once('drain', resolve))
    const reader = stream.body.getReader()
    for (let read = 0; read <= chunks; read++) await reader.read()
    await drained
    expect(stream.write(chunk)).toBe(true)
  })

  it('ends its writer when its reader goes', async () => {
    const stream = new ResponseStream()
    stream.write('a')
    const closed = new Promise((resolve) => stream.once('close', resolve))
    await stream.body.cancel()
    await closed
    expect(stream.destroyed).toBe(true)
  })

  it('hands on bytes as they are, and to the reader that it broke, not why', async () => {
    const stream = new ResponseStream()
    stream.write('grün')
    stream.write(new Uint8Array([0, 255]))
    const reader = stream.body.getReader()
    expect((await reader.read()).value).toEqual(new TextEncoder().encode('grün'))
    expect((await reader.read()).value).toEqual(new Uint8Array([0, 255]))
    stream.destroy(new Error('The model broke.'))
    await expect(reader.read()).rejects.toThrow('The answer broke off.')
  })
})
