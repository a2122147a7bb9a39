/** Settings of a host that is to be driven as fast as it goes, from one address. */
export const UNLIMITED = {
  RATE_LIMIT_USER: '0',
  RATE_LIMIT_ADDRESS: '0',
  GENERATIONS_PER_USER: '0',
  GENERATIONS_TOTAL: '0',
}
