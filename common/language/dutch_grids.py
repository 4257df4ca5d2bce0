"""Dutch for grids: NetCDF-4 and Zarr."""

from __future__ import annotations

DUTCH: dict[str, str] = {
    # What both have in common
    "'{}' has no time in place {}": "'{}' heeft geen tijd op plaats {}",
    "'{}' has no units, so that it stays numbers and is no time": (
        "'{}' heeft geen eenheid, zodat het getallen blijven en geen tijd is"
    ),
    "'{}' has no value at all": "'{}' heeft helemaal geen waarde",
    "'{}' has no value in {} of {} places": "'{}' heeft geen waarde op {} van {} plaatsen",
    "'{}' should hold degrees but reaches {} to {}": (
        "'{}' zou graden moeten bevatten maar reikt van {} tot {}"
    ),
    "bring fewer variables or a smaller part": "breng minder variabelen of een kleiner deel",
    "convert it to the standard calendar": "zet het om naar de standaardkalender",
    "every value is missing in {}": "elke waarde ontbreekt in {}",
    "export it anew with all of them": "exporteer het opnieuw met alle tijden",
    "export it anew with its values": "exporteer het opnieuw met de waarden",
    "export it anew with its variables": "exporteer het opnieuw met de variabelen",
    "export it with the units that it is in": "exporteer het met de eenheid waarin het staat",
    "groups were left out: {}": "groepen zijn weggelaten: {}",
    "it declares {} MB of values, more than the {} MB that are read at once ('{}' has {})": (
        "het geeft {} MB aan waarden op, meer dan de {} MB die in één keer gelezen worden ('{}' heeft {})"
    ),
    "it declares {} MB of values, more than the {} MB that are read at once ('{}' has {} by {})": (
        "het geeft {} MB aan waarden op, meer dan de {} MB die in één keer gelezen worden "
        "('{}' heeft {} bij {})"
    ),
    "it declares {} MB of values, more than the {} MB that are read at once ('{}' has {} by {} by {})": (
        "het geeft {} MB aan waarden op, meer dan de {} MB die in één keer gelezen worden "
        "('{}' heeft {} bij {} bij {})"
    ),
    "it holds no variable": "het bevat geen variabele",
    "its times cannot be read: the units of '{}' are '{}'": (
        "de tijden kunnen niet gelezen worden: de eenheid van '{}' is '{}'"
    ),
    "its times name no zone and are taken as UTC, as the CF conventions say": (
        "de tijden noemen geen tijdzone en zijn als UTC genomen, zoals de CF-conventies zeggen"
    ),
    "its variables do not fit together, or their descriptions are damaged": (
        "de variabelen passen niet bij elkaar, of hun beschrijvingen zijn beschadigd"
    ),
    "leave them out": "laat ze weg",
    "the dates of '{}' are of the calendar {} and are given as ordinary dates": (
        "de datums van '{}' zijn van de kalender {} en zijn als gewone datums gegeven"
    ),
    "the dates of '{}' do not all exist: they are of the calendar {}": (
        "niet alle datums van '{}' bestaan: ze zijn van de kalender {}"
    ),
    "the texts of '{}' are too long": "de teksten van '{}' zijn te lang",
    "the times of '{}' do not all increase": "de tijden van '{}' nemen niet steeds toe",
    "the values of '{}' are of no plain type": "de waarden van '{}' zijn van geen gewoon type",
    "there is no variable '{}'": "er is geen variabele '{}'",
    "write them like 'hours since 2024-01-01 00:00', in a calendar with leap days": (
        "schrijf ze als 'hours since 2024-01-01 00:00', in een kalender met schrikkeldagen"
    ),
    # NetCDF-4
    "{} has {} attributes": "{} heeft {} attributen",
    "{} holds more than {} texts": "{} bevat meer dan {} teksten",
    "{} holds references, structures or other things than numbers and texts": (
        "{} bevat verwijzingen, structuren of iets anders dan getallen en teksten"
    ),
    "'{}' is a link that leads nowhere": "'{}' is een koppeling die nergens heen leidt",
    "'{}' is a link to another file": "'{}' is een koppeling naar een ander bestand",
    "{} is kept in pieces of {} MB, too large to unpack one": (
        "{} is bewaard in stukken van {} MB, te groot om er een van uit te pakken"
    ),
    "an attribute of {} is a reference or of no known type": (
        "een attribuut van {} is een verwijzing of van een onbekend type"
    ),
    "an attribute of {} is larger than any description": (
        "een attribuut van {} is groter dan enige beschrijving"
    ),
    "export it anew as a NetCDF-4 file that holds all its values itself": (
        "exporteer het opnieuw als NetCDF-4-bestand dat alle waarden zelf bevat"
    ),
    "it holds more groups and variables than a grid has": (
        "het bevat meer groepen en variabelen dan een grid heeft"
    ),
    "it was cut off": "het is afgebroken",
    "its root holds no variable, only its groups do": (
        "op het hoogste niveau staat geen variabele, alleen in de groepen"
    ),
    "move the group that is wanted to the root, for example with ncks -G :": (
        "zet de gewenste groep op het hoogste niveau, bijvoorbeeld met ncks -G :"
    ),
    "the group '{}' occurs twice in it, or holds itself": (
        "de groep '{}' komt er twee keer in voor, of bevat zichzelf"
    ),
    "the values of {} are a view of other files": "de waarden van {} zijn een weergave van andere bestanden",
    "the values of {} are kept in another file": "de waarden van {} staan in een ander bestand",
    "the values of {} are packed in a way that is not taken in (HDF5 filter {})": (
        "de waarden van {} zijn gecomprimeerd op een manier die niet wordt aangenomen (HDF5-filter {})"
    ),
    # Zarr
    "a piece of the array '{}' is damaged ({})": "een stuk van de array '{}' is beschadigd ({})",
    "bring one of them": "breng er een van",
    "copy or write it anew": "kopieer of schrijf het opnieuw",
    "it holds {} arrays": "het bevat {} arrays",
    "its description '{}' is damaged": "de beschrijving '{}' is beschadigd",
    "its description '{}' is too large": "de beschrijving '{}' is te groot",
    "no Zarr store is in it": "er zit geen Zarr-opslag in",
    "of '{}' {} of {} pieces are not there and were filled with its fill value": (
        "van '{}' ontbreken {} van {} stukken, die met de vulwaarde zijn ingevuld"
    ),
    "pack the whole store": "pak de hele opslag in",
    "several Zarr stores are in it": "er zitten meerdere Zarr-opslagen in",
    "the array '{}' holds more than {} texts": "de array '{}' bevat meer dan {} teksten",
    "the array '{}' is kept in pieces of {} MB, too large to unpack one": (
        "de array '{}' is bewaard in stukken van {} MB, te groot om er een van uit te pakken"
    ),
    "the array '{}' {}": "de array '{}' {}",
    "the description of the array '{}' is damaged": "de beschrijving van de array '{}' is beschadigd",
    "write it anew": "schrijf het opnieuw",
    "write it anew in smaller pieces": "schrijf het opnieuw in kleinere stukken",
    "write it anew with numbers, times or text and a usual compressor": (
        "schrijf het opnieuw met getallen, tijden of tekst en een gangbare compressie"
    ),
    # Why an array is not taken in, after its name
    "holds objects, structures or other things than numbers, times and text": (
        "bevat objecten, structuren of iets anders dan getallen, tijden en tekst"
    ),
    "holds other things than numbers, times and text": "bevat iets anders dan getallen, tijden en tekst",
    "holds other things than numbers, times and text ({})": (
        "bevat iets anders dan getallen, tijden en tekst ({})"
    ),
    "is kept in a way that is not taken in (storage transformers)": (
        "is bewaard op een manier die niet wordt aangenomen (storage transformers)"
    ),
    "is kept in pieces of different sizes": "is bewaard in stukken van verschillende grootte",
    "is of no version that is known": "is van geen bekende versie",
    "is packed in a way that is not taken in (index)": (
        "is gecomprimeerd op een manier die niet wordt aangenomen (index)"
    ),
    "is packed in a way that is not taken in (lzma with filters)": (
        "is gecomprimeerd op een manier die niet wordt aangenomen (lzma met filters)"
    ),
    "is packed in a way that is not taken in ({})": (
        "is gecomprimeerd op een manier die niet wordt aangenomen ({})"
    ),
}
