"""Dutch for what is kept: models, results, checkpoints, and the audit log."""

from __future__ import annotations

DUTCH: dict[str, str] = {
    # Stored things
    "'{}' cannot be read": "'{}' kan niet gelezen worden",
    "'{}' is not what was stored": "'{}' is niet wat er is opgeslagen",
    "choose a folder with free space that you may write to": (
        "kies een map met vrije ruimte waarin u mag schrijven"
    ),
    "choose a folder with free space that you may write to; what stood there is untouched": (
        "kies een map met vrije ruimte waarin u mag schrijven; wat er stond is ongemoeid"
    ),
    "it cannot be written": "het kan niet geschreven worden",
    "it holds a link or something else that is no file": (
        "er staat een koppeling in, of iets anders dat geen bestand is"
    ),
    "make it anew, or take back a copy": "maak het opnieuw, of zet een kopie terug",
    "run it again": "voer het opnieuw uit",
    "the file '{}' does not belong here": "het bestand '{}' hoort hier niet",
    "the file '{}' is missing": "het bestand '{}' ontbreekt",
    "the manifest cannot be read": "het manifest kan niet gelezen worden",
    "the model cannot be stored": "het model kan niet opgeslagen worden",
    "the result cannot be written ({})": "het resultaat kan niet geschreven worden ({})",
    "there is no complete result here": "er staat hier geen volledig resultaat",
    "there is no readable model card": "er is geen leesbare modelkaart",
    "there is no whole model here": "er staat hier geen volledig model",
    "there is nothing complete here": "er staat hier niets volledigs",
    "train one": "train er een",
    "{} ({})": "{} ({})",
    "'{}' in it is larger than it says": "'{}' erin is groter dan het zegt",
    "'{}' in it is not what the manifest lists": "'{}' erin is niet wat het manifest noemt",
    "'{}' is a hidden file": "'{}' is een verborgen bestand",
    "'{}' is missing in it": "'{}' ontbreekt erin",
    "'{}' is of a kind that no model holds": "'{}' is van een soort die in geen model hoort",
    "another process is reading there": "een ander proces leest daar",
    "another process is writing there": "een ander proces schrijft daar",
    "bring a file that `pilots store export` wrote": "breng een bestand dat `pilots store export` schreef",
    "export the model anew": "exporteer het model opnieuw",
    "leave it out of the model": "laat het uit het model weg",
    "name another file": "noem een ander bestand",
    "name another folder": "noem een andere map",
    "progress cannot be written ({})": "de voortgang kan niet geschreven worden ({})",
    "something that was not stored by the suite is there": (
        "er staat iets dat niet door de suite is opgeslagen"
    ),
    "there is no such folder": "deze map is er niet",
    "check the name": "controleer de naam",
    "nothing is kept there yet": "daar wordt nog niets bewaard",
    "name a folder, for example: runs": "noem een map, bijvoorbeeld: runs",
    "it cannot be removed": "het kan niet verwijderd worden",
    "check who may write there": "controleer wie daar mag schrijven",
    "the folder for checkpoints cannot be made": "de map voor controlepunten kan niet gemaakt worden",
    "the manifest in it cannot be read": "het manifest erin kan niet gelezen worden",
    "the manifest in it does not list '{}'": "het manifest erin noemt '{}' niet",
    "the model cannot be written": "het model kan niet geschreven worden",
    "the result cannot be written": "het resultaat kan niet geschreven worden",
    "the result is one of another version of the suite": (
        "het resultaat is van een andere versie van de suite"
    ),
    "there is no complete result here: {}": "er staat hier geen volledig resultaat: {}",
    "there is no manifest in it, so it is no stored model": (
        "er zit geen manifest in, dus het is geen opgeslagen model"
    ),
    "this is no ZIP archive": "dit is geen ZIP-archief",
    # Audit log
    "another process holds the audit log": "een ander proces houdt het auditlogboek bezet",
    "free some space, or set PILOTS_HOME to a folder that you may write to": (
        "maak ruimte vrij, of zet PILOTS_HOME op een map waarin u mag schrijven"
    ),
    "it does not follow from the line before: one of the two was changed or put in": (
        "hij volgt niet op de regel ervoor: een van de twee is veranderd of ingevoegd"
    ),
    "it is cut short": "hij is afgebroken",
    "it says that it is number {}, and {} is due: it was put in, repeated or reordered": (
        "hij zegt nummer {} te zijn, en {} is aan de beurt: hij is ingevoegd, herhaald of verplaatst"
    ),
    "it says that it is number {}, and {} is due: lines were removed or reordered": (
        "hij zegt nummer {} te zijn, en {} is aan de beurt: er zijn regels verwijderd of verplaatst"
    ),
    "it was changed": "hij is veranderd",
    "its head counts {}: what follows that was added": "de kop telt er {}: wat daarna komt is toegevoegd",
    "its head knows another last line: this one, or all from some line on, is new": (
        "de kop kent een andere laatste regel: deze, of alles vanaf een bepaalde regel, is nieuw"
    ),
    "mount its disk, or put a copy of it there": "koppel de schijf aan, of zet er een kopie neer",
    "put a copy of it back": "zet er een kopie van terug",
    "the audit log cannot be read ({})": "het auditlogboek kan niet gelezen worden ({})",
    "the audit log cannot be written ({})": "het auditlogboek kan niet geschreven worden ({})",
    "the audit log is empty": "het auditlogboek is leeg",
    "the audit log is not as it was written": "het auditlogboek is niet zoals het geschreven is",
    "the head of the audit log is damaged": "de kop van het auditlogboek is beschadigd",
    "the head of the audit log is not where {} says": "de kop van het auditlogboek staat niet waar {} zegt",
    "the head of the log is missing": "de kop van het logboek ontbreekt",
    "the last line was being written when its process was ended; the next run completes it": (
        "de laatste regel werd geschreven toen het proces eindigde; de volgende taak maakt hem af"
    ),
    "the log ends here, and its head counts {}: the rest was cut or replaced": (
        "het logboek eindigt hier, en de kop telt er {}: de rest is afgeknipt of vervangen"
    ),
    "this run is not in the audit log: {}": "deze taak staat niet in het auditlogboek: {}",
    "wait for it, or stop it": "wacht erop, of stop het",
    "{} lines, all as they were written": "{} regels, alle zoals ze geschreven zijn",
}
