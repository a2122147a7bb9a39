import { buffered, json, route } from '../../lib/function.ts'
import { openApiDocument } from './document.ts'

let document: Record<string, unknown> | undefined

/** What the API takes and answers, for programs that read it. */
export const { routes, handler } = buffered(
  { name: 'openapi', access: 'public' },
  {
    'GET /api/openapi.json': route({}, async () => json(200, (document ??= openApiDocument()))),
  },
)
