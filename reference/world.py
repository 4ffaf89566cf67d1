"""The small world of the reference data: facts, sentences, queries and judgements, all written for this project.

A subject (river, mountain, planet, inventor) has a row of facts, which a template turns into passages, and a few words
of its own. Docids are `<subject>-<n>`. `passages()` and `queries()` are all that make_reference.py uses.
"""

# key: name, km, source, mouth, cities, a sentence of its own
RIVERS = {
    "amazon": ("Amazon", "6,400", "the Andes of Peru", "the Atlantic Ocean", "Iquitos and Manaus",
               "No other river carries as much water; far out at sea the ocean still tastes fresh off its delta."),
    "nile": ("Nile", "6,650", "the lakes of East Africa", "the Mediterranean Sea", "Khartoum and Cairo",
             "Its summer flood fed the fields of ancient Egypt, and priests read the year's harvest from its height."),
    "danube": ("Danube", "2,850", "the Black Forest in Germany", "the Black Sea", "Vienna and Budapest",
               "No river in the world touches more countries: ten of them, and four capitals stand on its banks."),
    "rhine": ("Rhine", "1,230", "the Swiss Alps", "the North Sea", "Basel and Cologne",
              "Between Bingen and Koblenz it winds past castles, vineyards and the rock of the Loreley."),
    "mekong": ("Mekong", "4,350", "the Tibetan Plateau", "the South China Sea", "Vientiane and Phnom Penh",
               "Each rainy season it pushes so much water into the Tonle Sap that this tributary flows backwards."),
    "volga": ("Volga", "3,530", "the Valdai Hills", "the Caspian Sea", "Kazan and Volgograd",
              "It is the longest river in Europe, and sturgeon still swim up from its wide delta."),
    "mississippi": ("Mississippi", "3,770", "Lake Itasca in Minnesota", "the Gulf of Mexico", "Memphis and New Orleans",
                    "Mark Twain was a pilot on its steamboats before he wrote his novels about it."),
    "yangtze": ("Yangtze", "6,300", "the Tibetan Plateau", "the East China Sea", "Chongqing and Wuhan",
                "It is the longest river in Asia; below the Three Gorges its valley opens into lakes and rice fields."),
    "loire": ("Loire", "1,010", "Mont Gerbier-de-Jonc in the Ardèche", "the Bay of Biscay", "Orléans and Nantes",
              "Kings of France built their châteaux along it, from Amboise to Chambord."),
    "tagus": ("Tagus", "1,010", "the Sierra de Albarracín in Spain", "the Atlantic Ocean", "Toledo and Lisbon",
              "The Portuguese call it Tejo, the Spaniards Tajo; at Lisbon it is as wide as a lake."),
    "vistula": ("Vistula", "1,050", "the Silesian Beskids", "the Baltic Sea", "Kraków and Warsaw",
                "Grain and salt went down it to Gdańsk on rafts, and storks nest along its wild sandy banks."),
    "elbe": ("Elbe", "1,090", "the Giant Mountains of Bohemia", "the North Sea", "Dresden and Hamburg",
             "Its Czech name is Labe; below Děčín it cuts through a gorge of sandstone towers."),
}

# key: name, metres, range, place, year and people of the first ascent, a sentence of its own
MOUNTAINS = {
    "everest": ("Mount Everest", "8,849", "the Himalaya", "Nepal and China", "1953", "Edmund Hillary and Tenzing Norgay",
                "It is the highest mountain on Earth; Tibetans call it Chomolungma."),
    "k2": ("K2", "8,611", "the Karakoram", "Pakistan and China", "1954", "Achille Compagnoni and Lino Lacedelli",
           "Surveyors gave it a number, the second peak of the Karakoram, and the number stayed its name."),
    "mont-blanc": ("Mont Blanc", "4,806", "the Alps", "France and Italy", "1786", "Jacques Balmat and Michel Paccard",
                   "Its climb from Chamonix is often called the birth of mountaineering."),
    "matterhorn": ("Matterhorn", "4,478", "the Alps", "Switzerland and Italy", "1865", "a party of Edward Whymper",
                   "Four of the seven climbers fell on the way down, when an old rope broke."),
    "denali": ("Denali", "6,190", "the Alaska Range", "the United States", "1913", "a party of Hudson Stuck",
               "It is the highest mountain in North America, and its winters are among the coldest anywhere."),
    "aconcagua": ("Aconcagua", "6,961", "the Andes", "Argentina", "1897", "the Swiss guide Matthias Zurbriggen",
                  "It is the highest mountain in South America, and in all the world outside Asia."),
    "kilimanjaro": ("Kilimanjaro", "5,895", "the volcanoes of East Africa", "Tanzania", "1889",
                    "Hans Meyer and Ludwig Purtscheller",
                    "It is the highest mountain in Africa; walkers cross rain forest, heath and desert on one path."),
    "annapurna": ("Annapurna", "8,091", "the Himalaya", "Nepal", "1950", "Maurice Herzog and Louis Lachenal",
                  "It was the first peak above eight thousand metres that people climbed."),
    "nanga-parbat": ("Nanga Parbat", "8,126", "the Himalaya", "Pakistan", "1953", "Hermann Buhl",
                     "He reached the top alone, and stood upright through the night on a ledge on his way back."),
    "eiger": ("Eiger", "3,967", "the Bernese Alps", "Switzerland", "1858", "Charles Barrington and two guides",
              "A railway runs through the rock of its famous north face, up to the Jungfraujoch."),
    "aoraki": ("Aoraki / Mount Cook", "3,724", "the Southern Alps", "New Zealand", "1894",
               "Tom Fyfe, Jack Clarke and George Graham", "In Māori stories it is a boy turned into stone by the south wind."),
    "chimborazo": ("Chimborazo", "6,263", "the Andes", "Ecuador", "1880", "Edward Whymper and the Carrels",
                   "As the Earth bulges at the equator, its top is the point farthest from the centre of the planet."),
}

# key: name, kilometres across, place from the Sun, year, day, a sentence of its own
PLANETS = {
    "mercury": ("Mercury", "4,880", "first", "88 days", "176 Earth days from noon to noon",
                "It has hardly any air, so its nights are bitterly cold although the Sun is near."),
    "venus": ("Venus", "12,100", "second", "225 days", "117 Earth days from noon to noon",
              "Clouds of sulphuric acid hide a surface hot enough to melt lead, and it turns backwards."),
    "earth": ("Earth", "12,740", "third", "365 days", "24 hours",
              "It is the only planet known to carry oceans of water, and life."),
    "mars": ("Mars", "6,780", "fourth", "687 days", "24 hours and 40 minutes",
             "Iron rust colours it red, and Olympus Mons on it is the tallest volcano known."),
    "jupiter": ("Jupiter", "139,800", "fifth", "12 years", "10 hours",
                "The Great Red Spot, a storm wider than the Earth, has been seen on it for centuries."),
    "saturn": ("Saturn", "116,500", "sixth", "29 years", "11 hours",
               "Its bright rings are made of countless pieces of ice, from grains to boulders."),
    "uranus": ("Uranus", "50,700", "seventh", "84 years", "17 hours",
               "It rolls along its orbit on its side, so each pole has decades of light and decades of night."),
    "neptune": ("Neptune", "49,200", "eighth", "165 years", "16 hours",
                "It was found in 1846 where Urbain Le Verrier had calculated that it should be."),
}

# key: name, work, year, country, a sentence of its own
INVENTORS = {
    "volta": ("Alessandro Volta", "the electric battery", "1800", "Italy",
              "A pile of zinc, copper and wet cardboard gave the first steady current; the volt is named after him."),
    "braille": ("Louis Braille", "writing in raised dots for the blind", "1824", "France",
                "He was fifteen years old when his system of six dots was complete."),
    "lovelace": ("Ada Lovelace", "the first published computer program", "1843", "England",
                 "In her notes on Babbage's engine she wrote how it could work out Bernoulli numbers, step by step."),
    "morse": ("Samuel Morse", "a telegraph and its code", "1844", "the United States",
              "His first message on the line from Washington to Baltimore read \"What hath God wrought\", and it needed "
              "only dots, dashes and patience."),
    "bell": ("Alexander Graham Bell", "the telephone", "1876", "the United States",
             "His first call went to the next room: \"Mr. Watson, come here, I want to see you.\""),
    "benz": ("Karl Benz", "the motor car", "1886", "Germany",
             "Two years later Bertha Benz drove it to her mother's, and bought fuel at a chemist's on the way."),
    "cochrane": ("Josephine Cochrane", "the dishwasher", "1886", "the United States",
                 "She was tired of chipped china, measured her plates and built wire racks to hold them."),
    "diesel": ("Rudolf Diesel", "an engine that needs no spark", "1897", "Germany",
               "It squeezes the air until it is hot enough to light the fuel."),
    "wright": ("Wright brothers", "the powered aeroplane", "1903", "the United States",
               "The first flight at Kitty Hawk lasted twelve seconds; the fourth that day, almost a minute."),
    "biro": ("László Bíró", "the ballpoint pen", "1938", "Hungary",
             "He had seen how fast newspaper ink dries, and let a little ball roll it onto the page."),
    "hopper": ("Grace Hopper", "an early compiler", "1952", "the United States",
               "She liked to hand out pieces of wire as long as light travels in a nanosecond."),
    "berners-lee": ("Tim Berners-Lee", "the World Wide Web", "1989", "Switzerland",
                    "Its addresses use the slash of Unix, /docs/new, rather than the backslash of DOS, C:\\docs\\new."),
}


def passages():
    """All passages as records docid, title, text, url; titles may be empty, "-", or have hyphens in them."""
    docs = []

    def add(subject, n, title, text):
        docid = f"{subject}-{n}"
        docs.append({"docid": docid, "title": title, "text": text, "url": f"https://example.org/{subject}#{n}"})

    for key, (name, km, source, mouth, cities, own) in RIVERS.items():
        add(key, 1, f"{name} - length and course",
            f"The {name} is about {km} km long. It rises in {source} and flows into {mouth}.")
        add(key, 2, "", f"Travellers on the {name} river pass {cities} before the water reaches {mouth}.")
        add(key, 3, f"{name}-River", f"{own} The {name} begins in {source}.")
    for key, (name, metres, chain, place, year, people, own) in MOUNTAINS.items():
        add(key, 1, name.replace(" ", "-"), f"{name} in {place} is {metres} metres high and belongs to {chain}. {own}")
        add(key, 2, f"First ascent of {name}", f"{name} was first climbed in {year}, by {people}.")
        add(key, 3, "-", f"Seen from the valleys of {place}, {name} fills the sky at {metres} metres. "
                         f"Since {year}, when {people} stood on top, many have followed.")
    for key, (name, km, place, year, day, own) in PLANETS.items():
        add(key, 1, name, f"{name} is the {place} planet from the Sun and {km} km across. {own}")
        add(key, 2, f"Day-and-year on {name}", f"A day on {name} takes {day}, and a year, once around the Sun, {year}.")
        add(key, 3, "", f"Seen from a spacecraft {name}, the {place} planet, is a quiet sight. {own}")
    for key, (name, work, year, country, own) in INVENTORS.items():
        add(key, 1, name, f"{name} gave the world {work} in {year}, in {country}. {own}")
        add(key, 2, f"{year}-{country}", f"Who made {work}? In {country} people remember {name} and the year {year}.")
    # One passage far beyond any sensible maximum length.
    add("journey", 1, "A journey along twelve rivers", "Twelve rivers, one long journey. " + " ".join(
        f"Then comes the {name}, {km} km long, from {source} down to {mouth}: we stop at {cities}. {own}"
        for name, km, source, mouth, cities, own in RIVERS.values()))
    return docs


def queries():
    """qid -> (text, {docid: grade}); passages of the same subjects that are not listed are graded 1."""
    return {
        "310": ("how long is the danube", {"danube-1": 3, "journey-1": 2}),
        "24": ("which river flows through Vienna and Budapest", {"danube-2": 3, "journey-1": 2}),
        "117": ("rivers that flow into the north sea",
                {"rhine-1": 3, "elbe-1": 3, "rhine-2": 2, "elbe-2": 2, "journey-1": 2}),
        "1005": ("Kraków and Warsaw lie on which river", {"vistula-2": 3, "journey-1": 2}),
        "42": ("who climbed mont blanc first", {"mont-blanc-2": 3, "mont-blanc-3": 3, "mont-blanc-1": 2}),
        "600": ("highest mountain in south america", {"aconcagua-1": 3, "aconcagua-3": 2}),
        "58": ("mountains first climbed by Edward Whymper",
               {"matterhorn-2": 3, "chimborazo-2": 3, "matterhorn-3": 2, "chimborazo-3": 2}),
        "733": ("how long is a day on venus", {"venus-2": 3}),
        "91": ("which planet has the great red spot", {"jupiter-1": 3, "jupiter-3": 3}),
        "8": ("who invented the ballpoint pen", {"biro-1": 3, "biro-2": 3}),
        "256": ("what did ada lovelace write about babbage's engine", {"lovelace-1": 3, "lovelace-2": 2}),
        "77": ("first message on the telegraph of samuel morse", {"morse-1": 3, "morse-2": 2}),
        "500": ("why do web addresses have a slash and no backslash", {"berners-lee-1": 3, "berners-lee-2": 1}),
        "870": ("first flight of the wright brothers", {"wright-1": 3, "wright-2": 2}),
    }
