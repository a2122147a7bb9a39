import { handleComposer } from './composer.js'
import { showConnection } from './connection.js'
import { offerCopies } from './copy.js'
import { followLog } from './log.js'
import { sendUploads } from './upload.js'

/** What a page can do beyond forms and links. Without any of it everything works, only less smoothly. */
offerCopies()
handleComposer()
showConnection()
sendUploads()
followLog()
