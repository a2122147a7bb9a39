/** The right to make a reply, renewed three times before it would run out. */
export const LEASE_MS = 30_000

export const leaseKey = (messageId: string) => `reply:${messageId}`
