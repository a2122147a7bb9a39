/**
 * Three people's memories, made up for this test, and what they ask. A question lists the memories that
 * answer it; one with none deserves an empty answer.
 */
export interface Person {
  readonly name: string
  /** Each sitting is a conversation of its own; `alone` are single notes. */
  readonly sittings: readonly Sitting[]
  readonly questions: readonly Question[]
}

export interface Sitting {
  readonly day: string
  readonly alone?: boolean
  /** `id: text`; "A: " before the text marks the assistant, another name the speaker. */
  readonly turns: Readonly<Record<string, string>>
}

export type Question = readonly [text: string, evidence: readonly string[]]

/** Talks with an assistant, which answers at length and off the point. */
const gardener: Person = {
  name: 'gardener',
  sittings: [
    {
      day: '2025-02-03',
      turns: {
        a1: 'Good morning! I finally signed the lease for an allotment on the Wiesen road.',
        a2: 'A: Congratulations! An allotment is a lovely way to spend time outdoors. Would you like help to plan your beds, choose seeds or set up a watering schedule?',
        a3: 'The plot number is 38, right next to the compost heap.',
        a4: 'A: Being next to the compost heap is handy: you will have fertile soil close by, but mind the wasps in summer.',
        a5: 'My knees are bad, so I need raised beds rather than digging.',
        a6: 'A: Raised beds are easier on the joints. Beds of about 80 cm are comfortable to work at while standing.',
      },
    },
    {
      day: '2025-02-20',
      turns: {
        b1: 'What should I sow first in March?',
        b2: 'A: In March you can sow broad beans, peas, radishes and spinach outdoors, and start tomatoes and peppers on a window sill.',
        b3: 'I cannot stand radishes, leave them out.',
        b4: 'A: No radishes then. Spinach and peas make a good start.',
        b5: 'Also Emre, my neighbour in plot 39, lent me his wheelbarrow. I have to give it back by Easter.',
        b6: 'A: That was kind of Emre. I suggest you write the date on a note by the door.',
      },
    },
    {
      day: '2025-03-14',
      turns: {
        c1: 'Built the first raised bed today out of larch planks.',
        c2: 'A: Larch lasts long outdoors. Line the inside with a membrane so that the wood stays dry.',
        c3: 'It cost me 112 euros in all, the screws were the expensive part.',
        c4: 'A: That is a fair price for a solid bed.',
        c5: 'How do I keep slugs away?',
        c6: 'A: Copper tape, beer traps and evening walks with a torch all help against slugs.',
        c7: 'Copper tape it is, I do not want to drown anything in beer.',
      },
    },
    {
      day: '2025-04-06',
      turns: {
        d1: 'My granddaughter Leyla is coming to help on Saturday, she is six and mad about strawberries.',
        d2: 'A: How sweet! Everbearing strawberry plants would give her fruit all summer long.',
        d3: 'She is allergic to bee stings though, so we keep the emergency pen in the shed, on the shelf above the door.',
        d4: 'A: It is wise to have the pen within reach. Make sure other people on the allotment know where it is.',
      },
    },
    {
      day: '2025-05-18',
      turns: {
        e1: 'The association moved the summer party from the 21st to the 28th of June.',
        e2: 'A: Thanks for letting me know. Do you want ideas for what to bring?',
        e3: 'I promised to bring two lemon cakes and the long table.',
        e4: 'A: Lemon cake is always popular at a party. You could bake it the evening before.',
        e5: 'And I gave up on the spinach, it bolted. There are courgettes in that bed now.',
      },
    },
    {
      day: '2025-06-02',
      turns: {
        f1: 'What was the number of my plot?',
        f2: 'What was the number of my plot?',
        f3: 'Where do we keep the emergency pen?',
        f4: 'The water on the allotment is turned off between ten at night and six in the morning.',
        f5: 'A: Good to know. Watering early in the morning is best for the plants anyway.',
        f6: 'I pay 190 euros a year for the plot, water included.',
      },
    },
  ],
  questions: [
    ['What is the number of my plot?', ['a3']],
    ['Why do I want raised beds?', ['a5']],
    ['Which vegetable do I dislike?', ['b3']],
    ['Who lent me a wheelbarrow?', ['b5']],
    ['When must I return the wheelbarrow?', ['b5']],
    ['What wood did I use for the raised bed?', ['c1']],
    ['How much did the raised bed cost?', ['c3']],
    ['What do I use against slugs?', ['c7', 'c6']],
    ['What is Leyla allergic to?', ['d3']],
    ['Where is the emergency pen kept?', ['d3']],
    ['How old is my granddaughter?', ['d1']],
    ['When is the summer party?', ['e1']],
    ['What did I promise to bring to the party?', ['e3']],
    ['What grows in the bed where the spinach was?', ['e5']],
    ['When is the water turned off?', ['f4']],
    ['What do I pay for the plot each year?', ['f6']],
    ['Which fruit does Leyla love?', ['d1']],
    ['What is the name of my dentist?', []],
    ['Which film did I see at the cinema?', []],
    ['What is the capital of Mongolia?', []],
    ['How many kilometres did I run yesterday?', []],
    ['What did Professor Lindqvist say about my thesis?', []],
  ],
}

/** Two people who talk to each other. */
const friends: Person = {
  name: 'friends',
  sittings: [
    {
      day: '2024-09-01',
      turns: {
        g1: 'Tove: Hi Idris! How was the move?',
        g2: 'Idris: Exhausting, but I am in. Fourth floor, no lift, view over the harbour.',
        g3: 'Tove: Lovely! And what about the piano?',
        g4: 'Idris: Four men and a lot of swearing. It stands in the kitchen for now.',
        g5: 'Tove: I started pottery classes, Thursdays at the old mill.',
        g6: 'Idris: You always wanted to! Have you made a mug yet?',
        g7: 'Tove: A very crooked bowl. I gave it to my dad.',
      },
    },
    {
      day: '2024-10-12',
      turns: {
        h1: 'Idris: I got the job at the aquarium! I start in November, with the seahorses.',
        h2: 'Tove: Amazing, congratulations! Were you nervous at the interview?',
        h3: 'Idris: Terribly. They asked me about the pH of salt water.',
        h4: 'Tove: My news is smaller: I adopted a greyhound, his name is Pascal.',
        h5: 'Idris: Smaller? A whole dog! Is he fast?',
        h6: 'Tove: He sleeps twenty hours a day and hates rain.',
      },
    },
    {
      day: '2024-12-27',
      turns: {
        i1: 'Tove: We spent Christmas with my aunt in Tromsø and saw the northern lights.',
        i2: 'Idris: I am so jealous. I worked over Christmas, the octopus escaped again.',
        i3: 'Tove: Again? What is it called, Houdini?',
        i4: 'Idris: Gunnel. She opened the lid and walked to the crabs.',
        i5: 'Tove: By the way, I sold the old van, it did not pass the inspection.',
        i6: 'Idris: End of an era! Our whole trip to Brittany was in that van.',
      },
    },
    {
      day: '2025-03-02',
      turns: {
        j1: 'Idris: I have to have my wisdom teeth out on the 19th, all four.',
        j2: 'Tove: Ouch. I will bring soup. Still no nuts, right?',
        j3: 'Idris: Right, no nuts ever, and lentil soup would be perfect.',
        j4: 'Tove: I am training for the half marathon in Bergen, with Pascal on the bike trailer.',
        j5: 'Idris: I will cheer at the finish with a banner.',
        j6: 'Tove: And my sister Hedda is getting married in August, I am the maid of honour.',
      },
    },
  ],
  questions: [
    ['Which floor does Idris live on?', ['g2']],
    ['Where does Idris keep the piano?', ['g4']],
    ['When are Tove\u2019s pottery classes?', ['g5']],
    ['Who did Tove give the bowl to?', ['g7']],
    ['Where does Idris work?', ['h1']],
    ['What did they ask Idris at the interview?', ['h3']],
    ['What kind of dog did Tove adopt?', ['h4']],
    ['What does Pascal hate?', ['h6']],
    ['Where did Tove spend Christmas?', ['i1']],
    ['What is the octopus called?', ['i4']],
    ['Why did Tove sell the van?', ['i5']],
    ['What food can Idris not eat?', ['j3']],
    ['When are the wisdom teeth of Idris taken out?', ['j1']],
    ['What race is Tove training for?', ['j4']],
    ['When is Hedda getting married?', ['j6']],
    ['What is Wolfgang\u2019s favourite opera?', []],
    ['When did Tove visit Buenos Aires?', []],
    ['How much is the insurance of Idris\u2019s motorbike?', []],
    ['Which university did Margarethe attend?', []],
  ],
}

/** Single notes, some in Chinese; none has a conversation. */
const notes: Person = {
  name: 'notes',
  sittings: [
    {
      day: '2025-01-10',
      alone: true,
      turns: {
        k1: 'Blood type is O negative.',
        k2: 'Spare key is with Mrs Albu on the second floor.',
        k3: 'The boiler is serviced every October by Kowalski Heating.',
        k4: 'I prefer window seats on trains and aisle seats on planes.',
        k5: 'Locker 214 at the swimming pool, the code is 7731.',
        k6: 'Mum\u2019s recipe for plum cake: 1 kg of plums, 300 g of flour, no eggs.',
        k7: 'I get migraines from red wine.',
        k8: 'Tax number 88/417/02263.',
        k9: 'The guest room has the blue bedding, the attic the striped one.',
        k10: 'I read the newspaper on paper, never on a screen.',
        k11: 'Winter tyres are stored at Fekete garage in Mill Lane.',
        k12: 'Nephew Oskar turns ten on the 9th of May and wants a telescope.',
        k13: '我的猫叫豆豆，今年三岁。',
        k14: '我每周三晚上去学书法。',
        k15: '我对花生过敏。',
        k16: 'Gave the big rucksack to Petra for her trip to Nepal, back in September.',
        k17: 'My running shoes are size 41, the wide model.',
        k18: 'The bicycle lock opens with 5-0-2-8.',
      },
    },
  ],
  questions: [
    ['What is my blood type?', ['k1']],
    ['Who has my spare key?', ['k2']],
    ['Who services the boiler?', ['k3']],
    ['Where do I like to sit on a plane?', ['k4']],
    ['What is the code of my locker at the pool?', ['k5']],
    ['How many plums go into the plum cake?', ['k6']],
    ['What gives me migraines?', ['k7']],
    ['Where are my winter tyres?', ['k11']],
    ['What does Oskar want for his birthday?', ['k12']],
    ['我的猫叫什么名字？', ['k13']],
    ['我对什么过敏？', ['k15']],
    ['Who has my rucksack?', ['k16']],
    ['How do I open the bicycle lock?', ['k18']],
    ['What size are my running shoes?', ['k17']],
    ['Who won the chess tournament in Havana?', []],
    ['What is the password of my email account?', []],
    ['我昨天在哪里吃的晚饭？', []],
    ['When does the ferry to Heligoland leave?', []],
  ],
}

export const people: readonly Person[] = [gardener, friends, notes]
