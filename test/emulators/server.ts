import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { assertContract, type Contract, type Violation } from './contract.ts'
import { deliver } from './delivery.ts'
import type { Emulator, EmulatorOptions } from './emulator.ts'
import { FaultScript, matcher, nameOf, type StreamFault } from './faults.ts'
import { ReceivedRequest } from './received.ts'
import type { Reply } from './reply.ts'
import { readBody } from './wire.ts'

/** One service behind one port. */
export interface Service {
  readonly contract: Contract
  /** Does what is asked and answers; may throw a `Refusal` instead. */
  handle(request: ReceivedRequest, call: Call): Reply | Promise<Reply>
  /** What this vendor sends with a status when something is wrong. */
  failure(status: number, request: ReceivedRequest): Reply
}

/** What a service may want to know of the call it answers. */
export interface Call {
  /** How a streamed answer is to go wrong. */
  readonly streamFault: StreamFault | undefined
  /** True once the client has gone. */
  isOver(): boolean
  /** Resolves after `ms`, or at once when the client goes. */
  wait(ms: number): Promise<void>
}

/** What both emulators are built on: ports, record, faults, contract. */
export interface ServiceHost {
  /** What it gives to the emulator as it is. */
  readonly emulator: Emulator
  /** Opens a port of 127.0.0.1 for a service; resolves with its origin. */
  open(service: Service): Promise<string>
  /** Closes the port of a service that is gone. */
  shut(origin: string): Promise<void>
}

/** Can be changed at any time. */
export interface HostSettings {
  /** Every answer is so late. */
  latencyMs: number
}

export function createServiceHost(options: EmulatorOptions, settings: HostSettings): ServiceHost {
  const { validate = true, keepRequests = 10_000, now = Date.now, onExchange } = options
  const received: ReceivedRequest[] = []
  const violations: Violation[] = []
  const script = new FaultScript()
  const servers = new Map<string, Server>()
  let connections = 0

  async function open(service: Service) {
    const server = createServer({ requestTimeout: 0 })
    // Longer than any client keeps an idle connection, so that it is never the emulator that drops it.
    server.keepAliveTimeout = 600_000
    server.on('connection', () => (connections += 1))
    await listen(server, 0)
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (incoming, response) => {
      void exchange(service, record(incoming, response, origin), incoming, response)
    })
    servers.set(origin, server)
    return origin
  }

  function record(incoming: IncomingMessage, response: ServerResponse, origin: string) {
    const { method = '', url = '', headers } = incoming
    const request = new ReceivedRequest(method, origin, url, headers, now())
    received.push(request)
    if (received.length > keepRequests) received.shift()
    response.once('close', () => {
      if (response.writableFinished) request.answeredAtMs = now()
      else if (!request.cut && servers.get(origin)?.listening) request.clientClosedAtMs = now()
      onExchange?.(request)
    })
    return request
  }

  async function exchange(
    service: Service,
    request: ReceivedRequest,
    incoming: IncomingMessage,
    response: ServerResponse,
  ) {
    try {
      request.body = await readBody(incoming)
    } catch {
      return // The client left while it was speaking: nothing was asked, and no fault is used up.
    }
    try {
      const scripted = script.take(request)
      if (scripted) request.fault = nameOf(scripted.fault)
      if (validate) report('request', request, service.contract.request(request))
      const { latencyMs } = settings
      const answer = await deliver({ service, request, response, latencyMs }, scripted?.fault)
      if (!validate || !answer || (scripted && !scripted.checked)) return
      report('response', request, service.contract.response(request, answer))
    } catch (error) {
      // A mistake of the emulator's own must not pass for one of the service.
      report('response', request, [`the emulator failed: ${String((error as Error).stack)}`])
      response.destroy()
    }
  }

  function report(side: Violation['side'], request: ReceivedRequest, problems: string[]) {
    for (const problem of problems) violations.push({ side, problem, request })
  }

  const emulator: Emulator = {
    received,
    violations,
    takeViolations: () => violations.splice(0),
    requests: (match) => received.filter(matcher(match)),
    fail: (match, fault, faultOptions) => script.add(match, fault, faultOptions),
    clearFaults: () => script.clear(),
    connections: () => connections,
    async goDown() {
      await Promise.all([...servers.values()].map(stop))
    },
    async comeBack() {
      const ports = [...servers].map(([origin, server]) => listen(server, +new URL(origin).port))
      await Promise.all(ports)
    },
    close: () => emulator.goDown(),
    async [Symbol.asyncDispose]() {
      await emulator.close()
      assertContract(emulator)
    },
  }

  return {
    emulator,
    open,
    async shut(origin) {
      const server = servers.get(origin)
      servers.delete(origin)
      if (server) await stop(server)
    },
  }
}

async function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, '127.0.0.1', resolve)
  await promise
  server.off('error', reject)
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}
