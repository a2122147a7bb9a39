import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { lazily, type Contract } from '../contract.ts'
import { openApiContract, type OpenApiDocument } from '../openapi.ts'

/** The official documents of API 2026-07, compiled once per process. */
export const controlContract = lazily(() => load('db_control_2026-07'))
export const dataContract = lazily(() => load('db_data_2026-07'))

function load(name: string): Contract {
  const file = new URL(`../specs/pinecone/${name}.excerpt.oas.yaml`, import.meta.url)
  return openApiContract(parse(readFileSync(file, 'utf8')) as OpenApiDocument, {
    keyHeader: 'api-key',
    // rpcStatus: "Requests rejected by the authentication and rate-limiting layer … return a plain-text body".
    plainTextStatuses: [400, 401, 403, 429],
  })
}
