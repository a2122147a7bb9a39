/**
 * English words that say nothing about a subject. They stay out of the index: "I", "my" and "the" are in
 * most turns, and a search that visits them reads nearly everything its user ever said.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  [
    'a about above after again against all am an and any are as at be because been before being',
    'below between both but by can cannot could did do does doing down during each few for from',
    'further had has have having he her here hers herself him himself his how i if in into is it its',
    'itself just let many me more most much my myself no nor not now of off on once only or other our ours',
    'ourselves out over own same shall she should so some such than that the their theirs them',
    'themselves then there these they this those through to too under until up upon us very was we',
    'were what when where which while who whom whose why will with would you your yours yourself',
    'yourselves',
    // Contractions as they are typed in haste; "ill", "id", "shed" and "wed" are words of their own.
    'aint arent cant couldnt didnt doesnt dont hadnt hasnt havent heres hes hows im isnt ive ll mustnt',
    're s shant shes shouldnt t thats theres theyd theyll theyre theyve ve wasnt weve werent whats',
    'whens wheres whos whys wont wouldnt youd youll youre youve',
  ].flatMap((line) => line.split(' ')),
)
