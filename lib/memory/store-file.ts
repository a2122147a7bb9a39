/** What a data folder keeps the memories in. */
export const STORE_FILE = 'memory.db'

/** What it keeps beside Pinecone: writes on their way, and recent ones. */
export const OUTBOX_FILE = 'pinecone.db'
