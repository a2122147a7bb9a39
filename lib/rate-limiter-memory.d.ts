/** The one limiter that is used: the package's own entry would bring two dozen, each with its database. */
declare module 'rate-limiter-flexible/lib/RateLimiterMemory.js' {
  export { RateLimiterMemory as default } from 'rate-limiter-flexible'
}
