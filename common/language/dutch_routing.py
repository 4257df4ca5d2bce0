"""Dutch for routing problems: orders as JSON, VRPLIB and Solomon's files, and solutions."""

from __future__ import annotations

PLACES: dict[str, str] = {
    "{}, client '{}' (number {})": "{}, klant '{}' (nummer {})",
    "{}, client {}": "{}, klant {}",
    "{}, depot {}": "{}, depot {}",
    "{}, vehicle type {}": "{}, voertuigtype {}",
}

DUTCH: dict[str, str] = {
    # A member of an order
    "'{}' ends before it starts: {} to {}": "'{}' eindigt voordat het begint: {} tot {}",
    "'{}' has {} characters": "'{}' heeft {} tekens",
    "'{}' is empty": "'{}' is leeg",
    "'{}' is missing": "'{}' ontbreekt",
    "'{}' is neither true nor false": "'{}' is niet true en niet false",
    "'{}' is no list of texts": "'{}' is geen lijst met teksten",
    "'{}' is no pair of numbers": "'{}' is geen paar getallen",
    "'{}' is no text or whole number": "'{}' is geen tekst en geen geheel getal",
    "'{}' is {}": "'{}' is {}",
    "below {}": "minder dan {}",
    "infinite": "oneindig",
    "negative": "negatief",
    "not a number (NaN)": "geen getal (NaN)",
    "'{}' {}": "'{}' {}",
    "latitude and longitude seem to be swapped": "breedte en lengte lijken verwisseld",
    "the client is no object with members": "de klant is geen object met velden",
    "the depot is no object with members": "het depot is geen object met velden",
    "the end of '{}'": "het einde van '{}'",
    "the latitude is {}": "de breedtegraad is {}",
    "the place {}, {} is not in degrees": "de plaats {}, {} is niet in graden",
    "the start of '{}'": "het begin van '{}'",
    "the vehicle type is no object with members": "het voertuigtype is geen object met velden",
    "write '{}' as a number": "schrijf '{}' als getal",
    'write ["…", "…"]': 'schrijf ["…", "…"]',
    "write [start, end] in seconds": "schrijf [begin, einde] in seconden",
    "write [start, end] in seconds since midnight; past midnight they go on beyond 86400": (
        "schrijf [begin, einde] in seconden na middernacht; na middernacht tellen ze door boven 86400"
    ),
    "write WGS 84 degrees": "schrijf graden in WGS 84",
    "write a finite number": "schrijf een eindig getal",
    "write a short text": "schrijf een korte tekst",
    "write a text": "schrijf een tekst",
    "write a whole number": "schrijf een geheel getal",
    "write one number, without quotes": "schrijf één getal, zonder aanhalingstekens",
    "write true or false": "schrijf true of false",
    "write {} or less": "schrijf {} of minder",
    "write {} or more": "schrijf {} of meer",
    "write {…}": "schrijf {{…}}",
    "{} is negative: {}": "{} is negatief: {}",
    "{} is '{}'": "{} is '{}'",
    "{} is above {}: {}": "{} is meer dan {}: {}",
    "{} is below {}: {}": "{} is minder dan {}: {}",
    "{} is no number": "{} is geen getal",
    "{} is no object with members": "{} is geen object met velden",
    "{} is {}: {}": "{} is {}: {}",
    # Orders
    "'id' is missing": "'id' ontbreekt",
    "'clients' is empty": "'clients' is leeg",
    "'clients' is no list": "'clients' is geen lijst",
    "'depots' is empty": "'depots' is leeg",
    "'depots' is no list": "'depots' is geen lijst",
    "'vehicles' is empty": "'vehicles' is leeg",
    "'vehicles' is no list": "'vehicles' is geen lijst",
    "'{}' names no depot": "'{}' noemt geen depot",
    "and {} more of this kind": "en nog {} van deze soort",
    "both 'depot' and 'depots' are given": "'depot' en 'depots' zijn allebei gegeven",
    "bring a part": "breng een deel",
    "bring orders or data": "breng orders of gegevens",
    'bring {"depot": {…}, "vehicles": […], "clients": […]}': (
        'breng {{"depot": {{…}}, "vehicles": […], "clients": […]}}'
    ),
    "client '{}': its service of {} s is longer than its time window": (
        "klant '{}': de servicetijd van {} s is langer dan het tijdvenster"
    ),
    "clients {} and {} share the id '{}'": "klanten {} en {} hebben dezelfde id '{}'",
    "depots {} and {} share the id '{}'": "depots {} en {} hebben dezelfde id '{}'",
    "give each client an id of its own": "geef elke klant een eigen id",
    "give each its own": "geef elk een eigen",
    "it lists {} clients, more than {}": "het noemt {} klanten, meer dan {}",
    "it lists {} depots, more than {}": "het noemt {} depots, meer dan {}",
    "it lists {} vehicles, more than {}": "het noemt {} voertuigen, meer dan {}",
    "its capacity is 0": "de capaciteit is 0",
    "its demand of {} is more than any vehicle carries, {}": (
        "de vraag van {} is meer dan enig voertuig kan laden, {}"
    ),
    "leave one out": "laat er een weg",
    "left out, as members of clients not known here: {}": (
        "weggelaten, omdat deze velden van klanten hier niet bekend zijn: {}"
    ),
    "left out, as members of depots not known here: {}": (
        "weggelaten, omdat deze velden van depots hier niet bekend zijn: {}"
    ),
    "left out, as members of vehicles not known here: {}": (
        "weggelaten, omdat deze velden van voertuigen hier niet bekend zijn: {}"
    ),
    "left out, as not known here: {}": "weggelaten, omdat het hier niet bekend is: {}",
    "left out, as {}not known here: {}": "weggelaten, omdat {}hier niet bekend: {}",
    "list at least one of the clients": "noem minstens één klant bij 'clients'",
    "list at least one of the depots": "noem minstens één depot bij 'depots'",
    "list at least one of the vehicles": "noem minstens één voertuig bij 'vehicles'",
    "no client has a demand: it is taken as 0": "geen klant heeft een vraag: er is 0 aangenomen",
    "no client has an id: they are numbered from 0": "geen klant heeft een id: ze zijn vanaf 0 genummerd",
    "split the order, or bring a larger vehicle": "splits de order, of breng een groter voertuig",
    "the demand in total, {}, is more than all vehicles carry at once, {}: some have to drive more than one"
    " tour, or clients are left out": (
        "de totale vraag, {}, is meer dan alle voertuigen in één keer laden, {}: sommige moeten meer dan één "
        "rit rijden, of klanten vallen af"
    ),
    "there are {} vehicles": "er zijn {} voertuigen",
    "there is no vehicle": "er is geen voertuig",
    "this JSON is a list, no orders": "deze JSON is een lijst, geen orders",
    "this JSON is a single value, no orders": "deze JSON is één losse waarde, geen orders",
    "this JSON is no orders: '{}' is missing": "deze JSON bevat geen orders: '{}' ontbreekt",
    "this is a MONAI configuration, which can run code": (
        "dit is een MONAI-configuratie, die code kan uitvoeren"
    ),
    "vehicle type '{}' has a count of 0 and was left out": (
        "voertuigtype '{}' heeft aantal 0 en is weggelaten"
    ),
    "write a depot's id, or its position from 0": "schrijf de id van een depot, of zijn positie vanaf 0",
    "write counts of 1 to {} in 'vehicles'": "schrijf aantallen van 1 tot en met {} bij 'vehicles'",
    "write how much it carries": "schrijf hoeveel het kan laden",
    "{}s {} and {} share the id '{}'": "{} {} en {} hebben dezelfde id '{}'",
    # Places that look odd
    "client '{}' lies at 0, 0, which often means that its place is not known": (
        "klant '{}' ligt op 0, 0, wat vaak betekent dat de plaats niet bekend is"
    ),
    "client '{}' lies {} km from the middle of the others": (
        "klant '{}' ligt {} km van het midden van de andere"
    ),
    "client '{}' lies {} km from the middle of the others: its latitude and longitude seem to be swapped": (
        "klant '{}' ligt {} km van het midden van de andere: breedte en lengte lijken verwisseld"
    ),
    "{} lies at 0, 0, which often means that its place is not known": (
        "{} ligt op 0, 0, wat vaak betekent dat de plaats niet bekend is"
    ),
    "{} lies {} km from the middle of the others": "{} ligt {} km van het midden van de andere",
    "{} lies {} km from the middle of the others: its latitude and longitude seem to be swapped": (
        "{} ligt {} km van het midden van de andere: breedte en lengte lijken verwisseld"
    ),
    # A routing problem, in whatever format
    "EUC_2D distances: the file does not say how they are rounded; CVRPLIB's X instances round to whole"
    " numbers, Solomon's are cut after one decimal": (
        "EUC_2D-afstanden: het bestand zegt niet hoe ze afgerond worden; bij de X-problemen van CVRPLIB is "
        "dat op gehele getallen, bij die van Solomon wordt na één decimaal afgekapt"
    ),
    "a depot has a demand, which is left aside": "een depot heeft een vraag, die buiten beschouwing blijft",
    "all nodes are depots": "alle knooppunten zijn depots",
    "bring at least one client": "breng minstens één klant",
    "check CAPACITY and the demand": "controleer CAPACITY en de vraag",
    "its backhaul is negative": "de retourvracht is negatief",
    "its demand is negative": "de vraag is negatief",
    "its prize is negative": "de opbrengst is negatief",
    "its release time is negative": "de vrijgavetijd is negatief",
    "its service time is negative": "de servicetijd is negatief",
    "its time window ends before it starts: {} to {}": (
        "het tijdvenster eindigt voordat het begint: {} tot {}"
    ),
    "its time window is negative": "het tijdvenster is negatief",
    "node {} opens after all depots have closed": "knooppunt {} gaat open nadat alle depots gesloten zijn",
    "write 0 or more": "schrijf 0 of meer",
    "write the earlier time first": "schrijf de vroegste tijd eerst",
    # VRPLIB
    "'{}' follows after -1": "'{}' volgt na -1",
    "'{}' in {} is no number": "'{}' in {} is geen getal",
    "'{}' is neither a field nor a section": "'{}' is geen veld en geen sectie",
    "CAPACITY is missing": "CAPACITY ontbreekt",
    "DEPOT_SECTION names no depot": "DEPOT_SECTION noemt geen depot",
    "DIMENSION is missing": "DIMENSION ontbreekt",
    "DIMENSION is {}": "DIMENSION is {}",
    "EDGE_WEIGHT_FORMAT is '{}'": "EDGE_WEIGHT_FORMAT is '{}'",
    "EDGE_WEIGHT_FORMAT is missing": "EDGE_WEIGHT_FORMAT ontbreekt",
    "EDGE_WEIGHT_TYPE is '{}'": "EDGE_WEIGHT_TYPE is '{}'",
    "EDGE_WEIGHT_TYPE is missing": "EDGE_WEIGHT_TYPE ontbreekt",
    "GEO coordinates are out of range": "GEO-coördinaten vallen buiten het bereik",
    "a distance is negative": "een afstand is negatief",
    "a matrix of {} nodes is declared, more than {}": (
        "er is een matrix van {} knooppunten opgegeven, meer dan {}"
    ),
    "bring 2 to {} nodes": "breng 2 tot {} knooppunten",
    "bring a {}": "breng een {}",
    "bring coordinates": "breng coördinaten",
    "check DIMENSION and EDGE_WEIGHT_FORMAT": "controleer DIMENSION en EDGE_WEIGHT_FORMAT",
    "depot {} is given twice": "depot {} is twee keer gegeven",
    "export or copy it anew": "exporteer of kopieer het opnieuw",
    "it is cut off, or check DIMENSION and EDGE_WEIGHT_FORMAT": (
        "het is afgebroken, of controleer DIMENSION en EDGE_WEIGHT_FORMAT"
    ),
    "it is cut off: neither EOF nor an end of line closes it": (
        "het is afgebroken: het eindigt niet met EOF of een regeleinde"
    ),
    "it names {}, which is no depot": "het noemt {}, wat geen depot is",
    "its distances were read column by column, as in all instances of Christofides and Eilon": (
        "de afstanden zijn per kolom gelezen, zoals in alle problemen van Christofides en Eilon"
    ),
    "left out, as it is not known here: {}": "weggelaten, omdat het hier niet bekend is: {}",
    "name one": "noem er een",
    "name one of DEPOT_SECTION": "noem er een uit DEPOT_SECTION",
    "no EOF closes the file; its sections are complete": (
        "het bestand eindigt niet met EOF; de secties zijn volledig"
    ),
    "text follows after EOF": "na EOF volgt nog tekst",
    "the capacity is 0": "de capaciteit is 0",
    "the text is damaged: it holds control characters": "de tekst is beschadigd: er staan stuurtekens in",
    "this is a problem": "dit is een probleem, geen oplossing",
    "this is a solution": "dit is een oplossing, geen probleem",
    "write EUC_2D or EXPLICIT": "schrijf EUC_2D of EXPLICIT",
    "write FULL_MATRIX or LOWER_ROW": "schrijf FULL_MATRIX of LOWER_ROW",
    "write a number from {} to {}": "schrijf een getal van {} tot en met {}",
    "write how many nodes there are": "schrijf hoeveel knooppunten er zijn",
    "write latitude, longitude": "schrijf breedte, lengte",
    "write the distances into it": "schrijf de afstanden erin",
    "write what a vehicle carries": "schrijf wat een voertuig kan laden",
    "{} gives {} twice, first in line {}": "{} geeft {} twee keer, eerst in regel {}",
    "{} has more than the {} values of {} for {} nodes": (
        "{} heeft meer dan de {} waarden van {} voor {} knooppunten"
    ),
    "{} has {} of the {} values of {} for {} nodes": (
        "{} heeft {} van de {} waarden van {} voor {} knooppunten"
    ),
    "{} has {} of {} lines, {} is missing; it is cut off or damaged": (
        "{} heeft {} van {} regels, {} ontbreekt; het is afgebroken of beschadigd"
    ),
    "{} has {} values in this line instead of {}": "{} heeft {} waarden in deze regel in plaats van {}",
    "{} is missing": "{} ontbreekt",
    "{} names {}, but ids run from 1 to {}": "{} noemt {}, maar id's lopen van 1 tot en met {}",
    "{} occurs twice": "{} komt twee keer voor",
    "{}_SECTION gives {} twice, first in line {}": "{}_SECTION geeft {} twee keer, eerst in regel {}",
    "{}_SECTION has {} of {} lines, {} is missing; it is cut off or damaged": (
        "{}_SECTION heeft {} van {} regels, {} ontbreekt; het is afgebroken of beschadigd"
    ),
    "{}_SECTION is empty; the file is cut off or no routing problem": (
        "{}_SECTION is leeg; het bestand is afgebroken of geen ritplanning"
    ),
    "{}_SECTION is missing; the file is cut off or no routing problem": (
        "{}_SECTION ontbreekt; het bestand is afgebroken of geen ritplanning"
    ),
    "{}_SECTION is negative": "{}_SECTION is negatief",
    # Solomon's files and solutions
    "'{}' is neither a route nor the cost": "'{}' is geen route en niet de kosten",
    "'{}' stands where '{}' is expected": "'{}' staat waar '{}' wordt verwacht",
    "bring the file as it was published": "breng het bestand zoals het gepubliceerd is",
    "bring the solution as the solver wrote it": "breng de oplossing zoals de solver haar schreef",
    "client {} is visited twice, first in route {}": "klant {} wordt twee keer bezocht, eerst in route {}",
    "copy it anew": "kopieer het opnieuw",
    "it has {} nodes, more than {}": "het heeft {} knooppunten, meer dan {}",
    "it is cut off: there is no customer": "het is afgebroken: er is geen klant",
    "no cost closes it: check that it is whole": (
        "het eindigt niet met de kosten: controleer of het volledig is"
    ),
    "number the depot 0 and the customers from 1 on": "nummer het depot 0 en de klanten vanaf 1",
    "number {} stands where {} is expected": "nummer {} staat waar {} wordt verwacht",
    "route {} stands where {} is expected": "route {} staat waar {} wordt verwacht",
    "the last line is not closed: check that it is whole": (
        "de laatste regel is niet afgesloten: controleer of het volledig is"
    ),
    "write 1 or more": "schrijf 1 of meer",
    "{} vehicles of capacity {}": "{} voertuigen met capaciteit {}",
}

WORDS: dict[str, str] = {
    "infinite": "oneindig",
    "negative": "negatief",
    "not a number (NaN)": "geen getal (NaN)",
    "problem": "probleem",
    "solution": "oplossing",
    "the client": "de klant",
    "the depot": "het depot",
    "the vehicle type": "het voertuigtype",
}
