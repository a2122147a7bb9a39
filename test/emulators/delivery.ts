import type { ServerResponse } from 'node:http'
import type { Answer } from './contract.ts'
import type { Fault, StreamFault } from './faults.ts'
import { contentType } from './openapi.ts'
import type { ReceivedRequest } from './received.ts'
import { json, jsonText, Refusal, text, type Reply } from './reply.ts'
import type { Service } from './server.ts'
import { sendHalf, sendReply, waitUnlessClosed } from './wire.ts'

export interface Delivery {
  readonly service: Service
  readonly request: ReceivedRequest
  readonly response: ServerResponse
  readonly latencyMs: number
}

/** Answers a request, or does to it what a fault says; resolves with the answer where there was one. */
export async function deliver(delivery: Delivery, fault?: Fault): Promise<Answer | undefined> {
  const { service, request, response } = delivery
  switch (fault?.kind) {
    case undefined:
    case 'stream':
      return send(delivery, await serve(delivery, fault))
    case 'slow':
      await waitUnlessClosed(response, fault.ms)
      return send(delivery, await serve(delivery))
    case 'apply-then':
      await serve(delivery)
      return deliver(delivery, fault.fault)
    case 'half-body': {
      const reply = await serve(delivery, { kind: 'stream', as: 'reset' })
      if (reply.stream) return send(delivery, reply)
      request.cut = true
      sendHalf(response, reply)
      return undefined
    }
    case 'hang':
      return undefined
    case 'reset':
      request.cut = true
      response.socket?.resetAndDestroy()
      return undefined
    case 'status':
      return send(delivery, failureReply(fault, service.failure(fault.status, request)))
    case 'html':
      return send(delivery, text(fault.status, gatewayPage(fault.status), 'text/html'))
    case 'malformed':
      return send(delivery, jsonText(200, '{"matches":[{"id":"a'))
    case 'empty-object':
      return send(delivery, json(200, {}))
    case 'answer':
      return send(delivery, fault.answer)
    default:
      return fault satisfies never
  }
}

async function serve(
  { service, request, response }: Delivery,
  streamFault?: StreamFault,
): Promise<Reply> {
  try {
    return await service.handle(request, {
      streamFault,
      isOver: () => response.destroyed,
      wait: (ms) => waitUnlessClosed(response, ms),
    })
  } catch (error) {
    if (error instanceof Refusal) return error.reply
    throw error
  }
}

async function send({ request, response, latencyMs }: Delivery, reply: Reply): Promise<Answer> {
  if (latencyMs > 0) await waitUnlessClosed(response, latencyMs)
  request.status = reply.status
  const { body, whole } = await sendReply(response, reply)
  return {
    status: reply.status,
    contentType: contentType(reply.headers['content-type']),
    body,
    whole,
  }
}

function failureReply(
  { retryAfter, body, contentType: type }: Extract<Fault, { kind: 'status' }>,
  usual: Reply,
): Reply {
  const headers: Record<string, string> = { ...usual.headers }
  if (type !== undefined) headers['content-type'] = type
  if (retryAfter !== undefined) headers['retry-after'] = `${retryAfter}`
  return { status: usual.status, headers, body: body ?? usual.body }
}

const gatewayPage = (status: number) =>
  `<html>\r\n<head><title>${status} Gateway</title></head>\r\n<body><h1>${status}</h1></body>\r\n</html>\r\n`
