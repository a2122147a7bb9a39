import assets from 'virtual:assets'
import { notFound } from '../../lib/errors.ts'
import { buffered, type BufferedReply, route } from '../../lib/function.ts'

const files = new Map(assets.files.map((file) => [file.path, file]))

/** The page's own files. A name holds a fingerprint of what is in it, so nobody need ever ask for it twice. */
export const { routes, handler } = buffered(
  { name: 'assets', access: 'public' },
  {
    'GET /assets/{file}': route({}, async ({ path }) =>
      fileReply(path, 'public, max-age=31536000, immutable'),
    ),
    'GET /favicon.ico': route({}, async () => fileReply(assets.icon, 'public, max-age=86400')),
    'GET /robots.txt': route({}, async () => ({
      statusCode: 200,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'public, max-age=86400',
      },
      body: 'User-agent: *\nDisallow: /\n', // Every page is somebody's own.
    })),
  },
)

function fileReply(path: string, cacheControl: string): BufferedReply {
  const file = files.get(path)
  if (!file) throw notFound('file')
  return {
    statusCode: 200,
    headers: { 'content-type': file.type, 'cache-control': cacheControl },
    body: file.body,
  }
}
