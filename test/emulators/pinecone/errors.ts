import { json, Refusal, text, type Reply } from '../reply.ts'

const rpcCodes: Readonly<Record<number, number>> = {
  400: 3, // INVALID_ARGUMENT
  401: 16, // UNAUTHENTICATED
  403: 7, // PERMISSION_DENIED
  404: 5, // NOT_FOUND
  409: 6, // ALREADY_EXISTS
  412: 9, // FAILED_PRECONDITION
  429: 8, // RESOURCE_EXHAUSTED
  500: 13, // INTERNAL
  503: 14, // UNAVAILABLE
  504: 4, // DEADLINE_EXCEEDED
}

const controlCodes: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  402: 'PAYMENT_REQUIRED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  412: 'FAILED_PRECONDITION',
  422: 'UNPROCESSABLE_ENTITY',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'SERVICE_UNAVAILABLE',
}

/** How vectors and namespaces say no: `{"code": 3, "message": "…", "details": []}`. */
export const dataError = (status: number, message: string): Reply =>
  json(status, { code: rpcCodes[status] ?? 2, message, details: [] })

/** How the control plane says no: `{"error": {"code", "message"}, "status"}`. */
export const controlError = (status: number, message: string): Reply =>
  json(status, { error: { code: controlCodes[status] ?? 'UNKNOWN', message }, status })

/** Thrown for a request to the data plane that the service does not take. */
export const refuse = (message: string, status = 400) => new Refusal(dataError(status, message))

/** What scripted faults answer. The gateway in front of the data plane speaks plain text. */
export function dataFailure(status: number): Reply {
  if (status === 401) return text(401, 'Unauthorized')
  if (status === 403) return text(403, 'Forbidden')
  if (status === 429) return text(429, 'Too many requests')
  return dataError(status, `scripted ${status}`)
}

export const controlFailure = (status: number): Reply =>
  status === 401 ? text(401, 'Invalid API key') : controlError(status, `scripted ${status}`)
