import { handleComposer } from './composer.js'
import { showConnection } from './connection.js'
import { offerCopies } from './copy.js'
import { followLog } from './log.js'

/** What a page can do beyond forms and links. Without any of it everything works, only less smoothly. */
followLog()
handleComposer()
showConnection()
offerCopies()
