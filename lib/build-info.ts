declare const __VERSION__: string | undefined
declare const __COMMIT__: string | undefined

/** Written into every bundle by scripts/build.ts; unbundled code runs only in unit tests. */
export const version = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0'
export const commit = typeof __COMMIT__ === 'string' ? __COMMIT__ : 'unknown'
