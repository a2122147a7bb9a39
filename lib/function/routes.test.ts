import { describe, expect, it } from 'vitest'
import { createRouter } from './routes.ts'

describe('a router', () => {
  const find = createRouter([
    'GET /assets/{path+}',
    'GET /{path+}',
    'GET /c/{id}',
    'POST /c/{id}/m/{message}/stop',
    'DELETE /c/{id}',
  ])

  it('finds the route of a path, and what the path says', () => {
    expect(find('GET', '/c/a%20b')).toEqual({ key: 'GET /c/{id}', params: { id: 'a b' } })
    expect(find('POST', '/c/x/m/y/stop')).toMatchObject({ params: { id: 'x', message: 'y' } })
    expect(find('GET', '/assets/css/main.css')).toMatchObject({ params: { path: 'css/main.css' } })
    expect(find('HEAD', '/c/x')).toMatchObject({ key: 'GET /c/{id}' })
  })

  it('leaves to the catch-all what no other route knows', () => {
    expect(find('GET', '/c/x/y')).toEqual({ key: 'GET /{path+}', params: { path: 'c/x/y' } })
  })

  it('tells the methods of a known path, and knows none by the catch-all', () => {
    expect(find('PUT', '/c/x')).toEqual({ allow: ['DELETE', 'GET'] })
    expect(find('GET', '/c/x/m/y/stop')).toEqual({ allow: ['POST'] })
    expect(find('POST', '/assets/main.css')).toEqual({ allow: ['GET'] })
    expect(find('POST', '/nowhere')).toBeUndefined()
  })

  it('leaves a path that is no UTF-8 as it came', () => {
    expect(find('GET', '/c/%ff')).toMatchObject({ params: { id: '%ff' } })
  })
})
