/** Addresses of the page. Ids hold only characters that need no encoding. */
export const conversationPath = (id: string) => `/c/${id}`

export const messagePath = (
  conversationId: string,
  messageId: string,
  what: 'stream' | 'live' | 'stop' | 'retry' | 'edit' | 'memories',
) => `/c/${conversationId}/m/${messageId}/${what}`

export const memoryPath = (id: string, what: 'forget' | 'restore' | 'edit' | 'pin') =>
  `/memories/${id}/${what}`
