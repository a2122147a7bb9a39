/** Most embedders read 256 word pieces and lose the rest in silence; 600 characters of prose stay below. */
export const PASSAGE_CHARACTERS = 600
