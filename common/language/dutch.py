"""Dutch for the sentences of the suite's common parts: tables, jobs, commands."""

from __future__ import annotations

PLACES: dict[str, str] = {
    "{}, row {}, column '{}'": "{}, rij {}, kolom '{}'",
    "{}, row {}": "{}, rij {}",
    "{}, column '{}'": "{}, kolom '{}'",
    "row {}": "rij {}",
    "column '{}'": "kolom '{}'",
    "line {}": "regel {}",
    "{}, {}": "{}, {}",
    "this run is not in the audit log": "deze taak staat niet in het auditlogboek",
}

DUTCH: dict[str, str] = {
    # Tables
    "'{}' can be read in two ways, with a decimal or a thousands mark": (
        "'{}' kan op twee manieren gelezen worden, met een decimaal- of een duizendtalteken"
    ),
    "'{}' has another decimal mark than was stated": "'{}' heeft een ander decimaalteken dan opgegeven is",
    "'{}' is no finite number": "'{}' is geen eindig getal",
    "a column of clock times has no dates": "een kolom met kloktijden heeft geen datums",
    "a sheet has {} rows of {} columns": "een werkblad heeft {} rijen van {} kolommen",
    "an infinite number": "een oneindig getal",
    "bring a file with readings": "breng een bestand met meetwaarden",
    "bring a part of it": "breng een deel ervan",
    "bring a part of it, or CSV": "breng een deel ervan, of CSV",
    "bring delimited text (CSV)": "breng tekst met scheidingstekens (CSV)",
    "bring one reading a line": "breng één meetwaarde per regel",
    "check the quotation marks": "controleer de aanhalingstekens",
    "check the quotes": "controleer de aanhalingstekens",
    "choose among {}": "kies uit {}",
    "choose another column": "kies een andere kolom",
    "dates begin with the year in some rows and not in others": (
        "in sommige rijen begint de datum met het jaar en in andere niet"
    ),
    "export it anew": "exporteer het opnieuw",
    "give each column a name of its own": "geef elke kolom een eigen naam",
    "give each its own name": "geef elk een eigen naam",
    "give every row the same cells": "geef elke rij dezelfde cellen",
    "give every row the same cells; with decimal commas, put semicolons between them": (
        "geef elke rij dezelfde cellen; zet er bij decimale komma's puntkomma's tussen"
    ),
    "it declares {} rows of {} columns": "het geeft {} rijen van {} kolommen op",
    "it is not written in {}": "het is niet in {} geschreven",
    "its cells cannot be told apart": "de cellen zijn niet van elkaar te onderscheiden",
    "its lines are too long for a table": "de regels zijn te lang voor een tabel",
    "its rows cannot be told apart": "de rijen zijn niet van elkaar te onderscheiden",
    "its rows have different lengths": "de rijen zijn niet even lang",
    "leave it out": "laat het weg",
    "leave the cell empty": "laat de cel leeg",
    "name the column with the date": "noem de kolom met de datum",
    "name the columns in the first row": "noem de kolommen in de eerste rij",
    "no columns were found": "er zijn geen kolommen gevonden",
    "no sheet holds a table": "geen werkblad bevat een tabel",
    "put the column names in a row and the values below it": (
        "zet de namen van de kolommen in een rij en de waarden eronder"
    ),
    "row {} is no header": "rij {} is geen kopregel",
    "save it anew, without a password": "sla het opnieuw op, zonder wachtwoord",
    "separate them by semicolons, commas, tabs or vertical bars": (
        "scheid ze met puntkomma's, komma's, tabs of verticale strepen"
    ),
    "some dates are not written as {}": "sommige datums zijn niet als {} geschreven",
    "some times carry an offset from UTC and others do not": (
        "sommige tijden noemen een afstand tot UTC en andere niet"
    ),
    "state another encoding": "geef een andere codering op",
    "state the row that names the columns": "geef de rij op die de kolommen noemt",
    "the Excel workbook is damaged or protected": "de Excel-werkmap is beschadigd of beveiligd",
    "the Parquet file is damaged": "het Parquet-bestand is beschadigd",
    "the column '{}' holds bytes": "de kolom '{}' bevat bytes",
    "the column '{}' holds no numbers": "de kolom '{}' bevat geen getallen",
    "the column '{}' is neither numbers, times nor text": (
        "de kolom '{}' bevat geen getallen, geen tijden en geen tekst"
    ),
    "the day comes first in some dates and the month in others": (
        "in sommige datums staat de dag voorop en in andere de maand"
    ),
    "the decimal marks are mixed": "de decimaaltekens lopen door elkaar",
    "the row has {} where the others have {}": "de rij heeft {} waar de andere er {} hebben",
    "there is a header but no row of data": "er is een kopregel maar geen rij met gegevens",
    "there is no column '{}'": "er is geen kolom '{}'",
    "there is no header row": "er is geen kopregel",
    "there is no row of data": "er is geen rij met gegevens",
    "there is no sheet '{}'": "er is geen werkblad '{}'",
    "this is no text": "dit is geen tekst",
    "this looks like a damaged text (it holds zero bytes)": (
        "dit lijkt beschadigde tekst (er staan nulbytes in)"
    ),
    "two columns are called '{}'": "twee kolommen heten '{}'",
    "two columns share a name": "twee kolommen hebben dezelfde naam",
    "write all alike": "schrijf alles op één manier",
    "write numbers only, or leave the cell empty": "schrijf alleen getallen, of laat de cel leeg",
    "write the numbers of a column alike, without a thousands mark": (
        "schrijf de getallen van een kolom op één manier, zonder duizendtalteken"
    ),
    # How a table was read
    "text in {}, columns separated by {}, {}, header in row {}": (
        "tekst in {}, kolommen gescheiden door {}, {}, kopregel in rij {}"
    ),
    "text in {}, columns separated by {}, decimal {}, header in row {}": (
        "tekst in {}, kolommen gescheiden door {}, decimaalteken {}, kopregel in rij {}"
    ),
    "text in {}, columns separated by {}, {}, thousands mark {}, header in row {}": (
        "tekst in {}, kolommen gescheiden door {}, {}, duizendtalteken {}, kopregel in rij {}"
    ),
    "text in {}, columns separated by {}, decimal {}, thousands mark {}, header in row {}": (
        "tekst in {}, kolommen gescheiden door {}, decimaalteken {}, duizendtalteken {}, kopregel in rij {}"
    ),
    "Excel, sheet '{}', header in row {}": "Excel, werkblad '{}', kopregel in rij {}",
    # Jobs, commands and the app
    "a fault of the suite itself ({}, id {})": "een fout in de suite zelf ({}, id {})",
    "run it again with --debug to see where, or give the id to who keeps the suite": (
        "voer het opnieuw uit met --debug om te zien waar, of geef het id aan wie de suite beheert"
    ),
    "choose another with --port": "kies een andere met --port",
    "choose another with --port or --address": "kies een andere met --port of --address",
    "choose one of: {}": "kies uit: {}",
    "free some disk, then start it again": "maak schijfruimte vrij en start het opnieuw",
    "it ended with exit code {}": "het eindigde met code {}",
    "it may have been removed; start a new one": "ze is misschien verwijderd; start een nieuwe",
    "no free port from {} to {}": "geen vrije poort van {} tot {}",
    "no free port from {} to {} on {}": "geen vrije poort van {} tot {} op {}",
    "run: pilots doctor": "voer uit: pilots doctor",
    "run: python -m pip install '{}'": "voer uit: python -m pip install '{}'",
    "see the lines above, and run: pilots doctor": "zie de regels hierboven, en voer uit: pilots doctor",
    "set PILOTS_HOME to a folder that you may write to": "zet PILOTS_HOME op een map waarin u mag schrijven",
    "stopped; nothing is left half-written": "gestopt; er is niets half geschreven",
    "the app did not start": "de app is niet gestart",
    "the folder for jobs cannot be made ({})": "de map voor taken kan niet gemaakt worden ({})",
    "the forecast was stopped": "de voorspelling is gestopt",
    "the job cannot be kept ({})": "de taak kan niet bewaard worden ({})",
    "the program cannot be started ({})": "het programma kan niet gestart worden ({})",
    "the work was stopped from outside; start it again": (
        "de berekening is van buitenaf gestopt; start ze opnieuw"
    ),
    "there is no pilot called '{}'": "er is geen pilot die '{}' heet",
    "the pilot '{}' has no {} of its own": "de pilot '{}' heeft geen eigen {}",
    "look at one file at a time with `pilots check FILE`": (
        "bekijk een bestand per keer met `pilots check BESTAND`"
    ),
    "there is no such job here": "deze taak is er niet",
    "this needs {}, which is not installed": "hiervoor is {} nodig, dat niet geïnstalleerd is",
}
