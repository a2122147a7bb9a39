/** A server of one's own, reached by its address; a token only where it asks for one. */
export interface Endpoint {
  /** With or without `/v1` at its end. */
  readonly url: string
  readonly token?: string | undefined
}

/** The address of a route, such as `/v1/models`, wherever the configured one ends. */
export function endpointRoute({ url }: Endpoint, route: `/${string}`): string {
  const { origin, pathname, search } = new URL(url)
  const base = pathname.replace(/\/+$/, '').replace(/\/v1$/, '')
  return `${origin}${base}${route}${search}`
}

export const endpointHeaders = ({ token }: Endpoint): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }
