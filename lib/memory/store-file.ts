/** What a data folder keeps the memories in. */
export const STORE_FILE = 'memory.db'
