import type { APIGatewayProxyEventV2 } from 'aws-lambda'

/** Whether the caller came by https. The header is a proxy's or Lambda's own: a host takes nobody else's word for it. */
export const isSecure = ({ headers }: APIGatewayProxyEventV2): boolean =>
  headers['x-forwarded-proto'] === 'https'

/** The value of a cookie as it came; undefined when there is none of this name. */
export function readCookie(event: APIGatewayProxyEventV2, name: string): string | undefined {
  const prefix = `${boundName(name, isSecure(event))}=`
  return event.cookies?.find((cookie) => cookie.startsWith(prefix))?.slice(prefix.length)
}

/** Set-Cookie for all of this site, out of reach of scripts and of other sites. 0 seconds take the cookie away. */
export function writeCookie(
  event: APIGatewayProxyEventV2,
  name: string,
  value: string,
  maxAgeSeconds: number,
): string {
  const secure = isSecure(event)
  const flags = `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return `${boundName(name, secure)}=${value}; ${flags}`
}

/** `__Host-` binds the cookie to this host and to https; a browser refuses that name over plain http. */
const boundName = (name: string, secure: boolean) => (secure ? `__Host-${name}` : name)
