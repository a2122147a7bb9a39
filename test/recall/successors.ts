/** Two statements of one person, the first made long before the second, and a question about the first. */
export interface Pair {
  readonly question: string
  readonly older: string
  readonly newer: string
}

/** The second makes the first outdated. */
export const updates: readonly Pair[] = [
  {
    question: 'What car do I drive?',
    older: 'I drive an old Golf with a dent in the door.',
    newer: 'Sold the Golf at last, the new one is electric.',
  },
  {
    question: 'Where do I live?',
    older: 'I live in a small flat in Leipzig, right by the station.',
    newer: 'We moved last weekend, so I live in Dresden now.',
  },
  {
    question: 'Which company do I work for?',
    older: 'I work for a shipping company called Nordlys.',
    newer: 'I quit at Nordlys and started at a bank on Monday.',
  },
  {
    question: 'When is my appointment at the dentist?',
    older: 'My dentist appointment is on the 12th at nine.',
    newer: 'The dentist called, my appointment was moved to the 19th at noon.',
  },
  {
    question: 'What is my favourite colour?',
    older: 'My favourite colour is orange.',
    newer: 'My favourite colour is dark green these days.',
  },
  {
    question: 'How many chickens do we keep?',
    older: 'We keep four chickens behind the house.',
    newer: 'We have six chickens now, two more came from my aunt.',
  },
  {
    question: 'Do I eat meat?',
    older: 'I eat meat maybe twice a week.',
    newer: 'I no longer eat meat at all.',
  },
  {
    question: 'What phone do I have?',
    older: 'My phone is a Fairphone with a cracked screen.',
    newer: 'I replaced the Fairphone, my phone is a Pixel now.',
  },
  {
    question: 'What is the wifi password of the cabin?',
    older: 'The wifi password of the cabin is blueheron7.',
    newer: 'We changed the wifi password of the cabin to greyseal22.',
  },
  {
    question: 'Who is my boss?',
    older: 'My boss is called Ingrid.',
    newer: 'Ingrid retired, my new boss is Tomasz.',
  },
  {
    question: 'How much is my rent?',
    older: 'My rent is 640 a month.',
    newer: 'The landlord raised the rent, it is 710 a month now.',
  },
  {
    question: 'What time does my shift start?',
    older: 'My shift starts at six in the morning.',
    newer: 'From now on my shift starts at two in the afternoon.',
  },
  {
    question: 'Which instrument am I learning?',
    older: 'I am learning to play the cello.',
    newer: 'I gave up the cello and switched to the accordion.',
  },
  {
    question: 'When do we fly to Lisbon?',
    older: 'Our flight to Lisbon leaves on the third of May.',
    newer: 'Our flight to Lisbon was rescheduled to the fifth of May.',
  },
  {
    question: 'Am I seeing anyone?',
    older: 'I have been going out with Marek since the summer.',
    newer: 'Marek and I broke up two weeks ago.',
  },
  {
    question: 'How often do I go swimming?',
    older: 'I go swimming every Tuesday.',
    newer: 'I stopped going swimming because of my shoulder.',
  },
  {
    question: 'What is the budget for the kitchen?',
    older: 'The budget for the kitchen is 8,000.',
    newer: 'We increased the budget for the kitchen to 9,500.',
  },
  {
    question: 'Do I take my coffee with sugar?',
    older: 'I take two sugars in my coffee.',
    newer: 'I take my coffee without sugar now, on my doctor\u2019s advice.',
  },
  {
    question: 'What is my daughter studying?',
    older: 'My daughter is studying law in Ghent.',
    newer: 'My daughter dropped law and is studying biology instead.',
  },
  {
    question: 'Which gym do I go to?',
    older: 'My gym is the one on Mill Street.',
    newer: 'My gym is the one by the harbour since January.',
  },
  {
    question: 'What is the deadline of the grant application?',
    older: 'The deadline of the grant application is June 1.',
    newer: 'The deadline of the grant application was extended to June 20.',
  },
  {
    question: 'Where do we meet for choir?',
    older: 'Choir meets in the school hall.',
    newer: 'Choir meets in the church from now on, not in the school hall.',
  },
  {
    question: 'Where do I live?',
    older: 'I live in Aarhus.',
    newer: 'I live in Odense.',
  },
  {
    question: 'When is the meeting with the architect?',
    older: 'The meeting with the architect is at 3.',
    newer: 'The meeting with the architect is at 4.',
  },
]

/** A new home or job, which shares no word with the question. Each is its own person's. */
export const lifeChanges: readonly Pair[] = [
  {
    question: 'Where do I live?',
    older: 'I live in Aarhus.',
    newer: 'I moved to Odense last week.',
  },
  {
    question: 'Where do I live these days?',
    older: 'I live in Aarhus with my cat.',
    newer: 'We are moving to Odense in May.',
  },
  {
    question: 'Where do I work?',
    older: 'I work at a bank.',
    newer: 'I got a job at a bakery.',
  },
]

/** The same words of somebody else, or of something else. Each is its own person's. */
export const othersChanges: readonly Pair[] = [
  {
    question: 'Where do I live?',
    older: 'I live in Halmstad.',
    newer: 'My brother moved to Malm\u00f6.',
  },
  {
    question: 'Where do I live?',
    older: 'I live in a house by the mill.',
    newer: 'I moved to the front row at the cinema.',
  },
  {
    question: 'Where does my aunt live?',
    older: 'My aunt lives in Bergen.',
    newer: 'I moved to Stavanger.',
  },
  {
    question: 'Where does my cousin work?',
    older: 'My cousin works at the harbour.',
    newer: 'I got a job at a bakery.',
  },
]

/** Alike in words and meaning, and both still true. */
export const alike: readonly Pair[] = [
  {
    question: 'When is my sister\u2019s birthday?',
    older: 'My sister\u2019s birthday is on the fourth of March.',
    newer: 'My brother\u2019s birthday is on the ninth of June.',
  },
  {
    question: 'What is my dog called?',
    older: 'My dog is called Biscuit.',
    newer: 'My cat is called Pepper.',
  },
  {
    question: 'Where does my sister live?',
    older: 'My sister lives in Oslo.',
    newer: 'My cousin lives in Bergen.',
  },
  {
    question: 'What do I drink in the morning?',
    older: 'In the morning I drink black tea.',
    newer: 'In the evening I drink camomile tea.',
  },
  {
    question: 'When is my appointment at the dentist?',
    older: 'My dentist appointment is on the 12th at nine.',
    newer: 'My eye doctor appointment is on the 20th at eleven.',
  },
  {
    question: 'Which car does my father drive?',
    older: 'My father drives a red Volvo.',
    newer: 'My mother drives a small white Toyota.',
  },
  {
    question: 'What do I like to cook?',
    older: 'I like to cook Thai curry.',
    newer: 'I like to bake rye bread.',
  },
  {
    question: 'What is the wifi password at home?',
    older: 'The wifi password at home is maplesyrup4.',
    newer: 'The wifi password at the office is papercrane9.',
  },
  {
    question: 'When did I see the film about bees?',
    older: 'I saw a film about bees on Friday.',
    newer: 'I saw a film about whales on Sunday.',
  },
  {
    question: 'How much did the bicycle cost?',
    older: 'The bicycle cost 450 euros.',
    newer: 'The helmet cost 60 euros.',
  },
  {
    question: 'What am I allergic to?',
    older: 'I am allergic to walnuts.',
    newer: 'I am allergic to cat hair.',
  },
  {
    question: 'Who teaches my son the piano?',
    older: 'My son\u2019s piano teacher is Mrs Lind.',
    newer: 'My son\u2019s maths teacher is Mr Okafor.',
  },
  {
    question: 'Which languages do I speak?',
    older: 'I speak Portuguese with my grandparents.',
    newer: 'I speak English at work.',
  },
  {
    question: 'Where did we spend the summer of the storm?',
    older: 'We spent our summer holiday on Gotland.',
    newer: 'We spent our winter holiday in the Tatra mountains.',
  },
  {
    question: 'What did I buy for Ana?',
    older: 'I bought a scarf for Ana.',
    newer: 'I bought a teapot for Joris.',
  },
  {
    question: 'What size are my hiking boots?',
    older: 'My hiking boots are size 42.',
    newer: 'My ski boots are size 43.',
  },
  {
    question: 'When does the bakery open?',
    older: 'The bakery opens at seven.',
    newer: 'The post office opens at nine.',
  },
  {
    question: 'Which book am I reading in English?',
    older: 'I am reading a novel about a lighthouse keeper.',
    newer: 'I am reading my kids a book about dragons at bedtime.',
  },
  {
    question: 'What is my passport number?',
    older: 'My passport number is C4471902.',
    newer: 'My insurance number is 88213475.',
  },
  {
    question: 'What sport does Nadia play?',
    older: 'Nadia plays handball on Wednesdays.',
    newer: 'Felix plays table tennis on Thursdays.',
  },
  {
    question: 'Where did I park the van?',
    older: 'The van is parked behind the library.',
    newer: 'The motorbike is parked in the yard.',
  },
  {
    question: 'How old is my niece?',
    older: 'My niece is seven years old.',
    newer: 'My nephew is eleven years old.',
  },
  {
    question: 'Which medicine do I take for my back?',
    older: 'I take ibuprofen for my back.',
    newer: 'I take cetirizine for my hay fever.',
  },
  {
    question: 'What did the plumber charge?',
    older: 'The plumber charged 180 for the leak.',
    newer: 'The electrician charged 240 for the new sockets.',
  },
  {
    question: 'What colour is the front door?',
    older: 'The front door is painted blue.',
    newer: 'The garden shed is painted green.',
  },
  {
    question: 'Who won the chess game?',
    older: 'I lost the chess game against Viktor.',
    newer: 'I won the card game against Lena.',
  },
  {
    question: 'When is the school concert?',
    older: 'The school concert is on Friday evening.',
    newer: 'The parents\u2019 meeting is on Tuesday evening.',
  },
  {
    question: 'Which train do I take to Utrecht?',
    older: 'I take the 7:15 train to Utrecht.',
    newer: 'I take the 16:40 bus to Arnhem.',
  },
  {
    question: 'What do I put in my porridge?',
    older: 'I put raisins and cinnamon in my porridge.',
    newer: 'I put peanut butter on my toast.',
  },
  {
    question: 'What does Clara study?',
    older: 'Clara is studying medicine in Vienna.',
    newer: 'Jonas is studying history in Graz.',
  },
  {
    question: 'Which plants are on the balcony?',
    older: 'There are tomatoes growing on the balcony.',
    newer: 'There are new ferns in the bathroom.',
  },
  {
    question: 'How long does my commute take?',
    older: 'My commute takes forty minutes.',
    newer: 'My run around the lake takes thirty minutes now.',
  },
  {
    question: 'What happened to my old laptop?',
    older: 'The screen of my old laptop is broken.',
    newer: 'The handle of my new suitcase broke at the airport.',
  },
  {
    question: 'Where did my parents get married?',
    older: 'My parents got married in Naples.',
    newer: 'My best friend got married in a barn near Ghent.',
  },
  {
    question: 'What did I order at the Greek place?',
    older: 'I ordered moussaka at the Greek place.',
    newer: 'I ordered ramen at the new Japanese place.',
  },
  {
    question: 'When did I move to this town?',
    older: 'I moved to this town in 2011.',
    newer: 'My colleague moved to Madrid last month.',
  },
  {
    question: 'What colour is my car?',
    older: 'My car is blue.',
    newer: 'My new bicycle is red.',
  },
  {
    question: 'Where do I live?',
    older: 'I live in Aarhus.',
    newer: 'My parents live in Naples.',
  },
  {
    question: 'Which language am I learning?',
    older: 'I am learning Hungarian.',
    newer: 'I started learning the guitar.',
  },
  {
    question: 'What do I do on Mondays?',
    older: 'On Mondays I go climbing.',
    newer: 'On Fridays I go dancing now.',
  },
  {
    question: 'When does my shift at the library start?',
    older: 'My shift at the library starts at ten.',
    newer: 'My shift at the cinema now starts at six.',
  },
  {
    question: 'What is my dog called?',
    older: 'My dog is called Biscuit.',
    newer: 'My new parrot is called Admiral.',
  },
  {
    question: 'How much is the rent for the studio?',
    older: 'The rent for the studio is 300 a month.',
    newer: 'They raised the rent for the garage to 95 a month.',
  },
  {
    question: 'When is the dentist appointment?',
    older: 'My dentist appointment is on Thursday.',
    newer: 'My hairdresser appointment was moved to Friday.',
  },
  {
    question: 'Where does my brother work?',
    older: 'My brother works at a sawmill.',
    newer: 'My sister now works at a brewery.',
  },
  {
    question: 'What phone does my mother use?',
    older: 'My mother uses an old Nokia.',
    newer: 'My father changed his phone, he uses a Pixel now.',
  },
  {
    question: 'What instrument do I play?',
    older: 'I play the trombone in the town band.',
    newer: 'I no longer play volleyball on Sundays.',
  },
  {
    question: 'Which bus goes to the hospital?',
    older: 'Bus 14 goes to the hospital.',
    newer: 'Bus 22 no longer goes to the airport.',
  },
  {
    question: 'What is the code of the bike shed?',
    older: 'The code of the bike shed is 4471.',
    newer: 'We changed the code of the laundry room to 9035.',
  },
  {
    question: 'When is the deadline of the tax return?',
    older: 'The deadline of the tax return is 31 July.',
    newer: 'The deadline of the essay was extended to 12 August.',
  },
  {
    question: 'Who is my son’s maths teacher?',
    older: 'My son’s maths teacher is Mr Okafor.',
    newer: 'My daughter has a new swimming teacher, Ms Brandt.',
  },
  {
    question: 'Where is the red suitcase?',
    older: 'The red suitcase is in the attic.',
    newer: 'I moved the sewing machine to the cellar.',
  },
]
