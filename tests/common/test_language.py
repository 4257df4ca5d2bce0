"""Sentences in two languages: how a finished sentence finds its template, and what is carried over."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.dialect import Dialect
from common.errors import DataError, PilotError, StoreError
from common.language import chosen, gathered, sentence, translated
from common.language.catalogue import GAP, Catalogue, Template
from energy.validation import Finding


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "nl_NL.UTF-8"}, "nl"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "nl_NL.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "nl_BE.UTF-8"}, "nl"),
        ({"LANG": "nl_NL.UTF-8", "LC_ALL": ""}, "nl"),
        ({"LANG": "nl_NL.UTF-8", "PILOTS_LANGUAGE": "en"}, "en"),
        ({"LANG": "C", "PILOTS_LANGUAGE": "NL"}, "nl"),
    ],
)
def test_the_terminals_language_is_chosen_as_the_system_does(environment, language):
    assert chosen(environment) == language


def test_an_error_is_told_in_dutch_with_its_place_and_how_to_mend_it():
    error = DataError(
        "'twaalf' is no finite number",
        where="load.csv, row 3, column 'kWh'",
        mend="write numbers only, or leave the cell empty",
    )
    dutch = "load.csv, rij 3, kolom 'kWh': 'twaalf' is geen eindig getal; "
    dutch += "schrijf alleen getallen, of laat de cel leeg."
    assert translated(error, "nl") == sentence(str(error), "nl") == dutch
    assert translated(error, "en") == sentence(str(error), "en") == str(error)


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        (
            "load.csv: the readings are 7 minutes apart; bring readings every 5, 15 or 60 minutes.",
            "load.csv: de meetwaarden liggen 7 minuten uiteen; breng meetwaarden om de 5, 15 of 60 minuten.",
        ),
        (
            "a.csv, row 9: the row has 3 cells where the others have 2; give every row the same cells; with "
            "decimal commas, put semicolons between them.",
            "a.csv, rij 9: de rij heeft 3 cellen waar de andere er 2 hebben; geef elke rij dezelfde cellen; "
            "zet er bij decimale komma's puntkomma's tussen.",
        ),
        (
            "a.csv: 12,345 meters over 1,000,000 times are too many; bring fewer.",
            "a.csv: 12.345 meters over 1.000.000 tijden zijn te veel; breng er minder.",
        ),
        (
            "/out: the result cannot be written (No space left on device); run it again.",
            "/out: het resultaat kan niet geschreven worden (de schijf is vol); voer het opnieuw uit.",
        ),
        (
            "runs/1: no checkpoint is whole (the file 'a' is missing); start a new run.",
            "runs/1: geen controlepunt is volledig (het bestand 'a' ontbreekt); start een nieuwe training.",
        ),
        (
            "a fault of the suite itself (ValueError, id 3f2a91bc); run it again with --debug to see where, "
            "or give the id to who keeps the suite.",
            "een fout in de suite zelf (ValueError, id 3f2a91bc); voer het opnieuw uit met --debug om te "
            "zien waar, of geef het id aan wie de suite beheert.",
        ),
        (
            "load.csv: this looks like a web page or XML; bring delimited text (CSV) or Parquet instead.",
            "load.csv: dit lijkt een webpagina of XML; breng in plaats daarvan tekst met scheidingstekens "
            "(CSV) of Parquet.",
        ),
        (
            "a.zip: unpacked, it grows past 200 MB from 1 MB; bring it unpacked, or a part of it.",
            "a.zip: uitgepakt groeit het van 1 MB tot boven 200 MB; breng het uitgepakt, of een deel ervan.",
        ),
        (
            "a.zip: it holds no scan but a structured report (SR) (3), raw data; bring the files with the "
            "pictures.",
            "a.zip: het bevat geen scan maar een gestructureerd verslag (SR) (3), ruwe gegevens; breng de "
            "bestanden met de beelden.",
        ),
        (
            "a.dcm: its spacing of pixels is 0.002 × 0.5 mm, which no scan has; export the whole series "
            "anew.",
            "a.dcm: de pixelafstand is 0,002 × 0,5 mm, wat bij geen scan voorkomt; exporteer de hele serie "
            "opnieuw.",
        ),
        (
            "a.geojson, features 0, 1 and 7: a coordinate is not a finite number; draw or export it anew.",
            "a.geojson, objecten 0, 1 en 7: een coördinaat is geen eindig getal; teken of exporteer het "
            "opnieuw.",
        ),
        (
            "orders.json, client 'c' (number 3): the start of 'tw' is negative: -3.5; write 0 or more.",
            "orders.json, klant 'c' (nummer 3): het begin van 'tw' is negatief: -3.5; schrijf 0 of meer.",
        ),
        (
            "number 1 of 2 series was read (MR, 22 pictures of 320 × 280), beside 2: CT, 1 picture of 5 × 6",
            "serie 1 van 2 is gelezen (MR, 22 beelden van 320 × 280), naast 2: CT, 1 beeld van 5 × 6",
        ),
        ("the disk is on fire.", "the disk is on fire."),
        ("", ""),
    ],
)
def test_a_printed_sentence_is_told_in_dutch(english, dutch):
    assert sentence(english, "nl") == dutch


def test_names_and_contents_stay_as_they_are():
    # The column is called as a word that has a Dutch: in quotation marks it is a name.
    error = DataError("the column 'rows' is empty", where="days, row 1.csv", mend="fill it with times")
    assert translated(error, "nl") == "days, rij 1.csv: de kolom 'rows' is leeg; vul ze met tijden."
    assert translated(PilotError("there is no pilot called 'there is no column 'x''"), "nl") == (
        "er is geen pilot die 'there is no column 'x'' heet."
    )


def test_a_refusal_keeps_its_kind_of_reason():
    error = StoreError("it cannot be written (Permission denied)", where="/data", mend="train one")
    assert translated(error, "nl") == "/data: het kan niet geschreven worden (geen toegang); train er een."


def test_findings_of_reading_have_their_dutch():
    found = Finding("time", "gap", "3 times missing in 2 stretches, the longest of 2 hours", "left empty")
    assert sentence(found.what, "nl") == "3 tijden ontbreken in 2 stukken, het langste van 2 uur"
    assert sentence(found.done, "nl") == "leeg gelaten"
    assert sentence("2 values of a code for 'no value'", "nl") == "2 waarden met een code voor 'geen waarde'"


@pytest.mark.parametrize("decimal", ["", ","])
@pytest.mark.parametrize("thousands", ["", "."])
def test_how_a_table_was_read_has_its_dutch(decimal, thousands):
    words = Dialect("csv", "utf-8", ";", decimal=decimal, thousands=thousands, header_row=2).words
    dutch = sentence(words, "nl")
    assert dutch.startswith("tekst in utf-8, kolommen gescheiden door puntkomma, ")
    assert dutch.endswith(", kopregel in rij 2")
    assert ("decimaalteken komma" in dutch) == bool(decimal)
    assert ("duizendtalteken punt" in dutch) == bool(thousands)


def test_numbers_are_written_the_dutch_way_where_a_unit_tells_that_they_are_quantities():
    repaired = "feature 0: its outline crossed itself and was repaired, 12.5 ha before and 3,714.3 ha after"
    assert sentence(repaired, "nl").endswith("12,5 ha ervoor en 3.714,3 ha erna")
    assert sentence("its slices lie unevenly, from 1.125 to 2.5 mm apart", "nl").endswith(
        "1,125 tot 2,5 mm uiteen"
    )
    assert sentence("clip_norm is 0.5", "nl") == "clip_norm is 0.5"  # as it has to be typed


def test_a_list_with_something_unknown_in_it_stays_as_it_is():
    known = Catalogue({"it holds {}": "het bevat {}"}, {"raw data": "ruwe gegevens", "time": "tijd"})
    assert known.find("it holds raw data, raw data (2)")[1] == "het bevat ruwe gegevens, ruwe gegevens (2)"
    assert known.find("it holds raw data, a cat")[1] == "het bevat raw data, a cat"
    assert known.find("it holds time, time")[1] == "het bevat time, time"  # one word may be a column's name


def test_the_template_that_says_most_is_taken():
    known = Catalogue({"{} is {}": "{} = {}", "the {} is empty": "de {} is leeg"}, {"box": "doos"})
    assert known.find("the box is empty") == (13, "de doos is leeg")
    assert known.find("the box is full") == (4, "the box = full")
    assert known.find("nothing of that")[0] == 0


def test_gaps_can_change_places():
    assert Catalogue({"{} before {}": "{1} na {0}"}, {}).find("a before b")[1] == "b na a"


@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=4),
    st.lists(st.text(max_size=8), min_size=4, max_size=4),
)
def test_what_was_made_from_a_template_is_recognised(parts, fillings):
    gaps = fillings[: len(parts) - 1]
    text = parts[0] + "".join(gap + part for gap, part in zip(gaps, parts[1:], strict=True))
    found = Template(tuple(parts), "").filled(text)
    assert found is not None
    # What is found makes the same text again, be it by other gaps.
    assert parts[0] + "".join(gap + part for gap, part in zip(found, parts[1:], strict=True)) == text


@given(st.text(max_size=60))
def test_any_text_at_all_is_taken(text):
    assert isinstance(sentence(text, "nl"), str)
    assert isinstance(translated(PilotError(text, where=text, mend=text), "nl"), str)


def test_a_long_hostile_sentence_takes_no_long_time():
    hostile = "there is no column '" + "', row ' ; : is ".join("x" * 300) + "'"
    began = time.perf_counter()
    sentence(hostile[:1999], "nl")
    assert time.perf_counter() - began < 0.5


def test_no_dutch_sentence_is_given_twice_or_forgotten():
    known = gathered()
    assert len(known.sentences) > 280
    for english, dutch in (known.sentences | known.places).items():
        assert english.strip() == english, english
        assert dutch.strip(), english
        assert GAP not in dutch or dutch.count(GAP) == english.count(GAP), english


def test_the_command_line_speaks_dutch(tmp_path):
    (tmp_path / "load.csv").write_text("tijd;kW\n2024-01-01 00:00;1\n")
    told = {}
    for language in ("nl", "en"):
        done = subprocess.run(
            [sys.executable, "-m", "common.cli", "run", "energy", "--input", "load.csv", "--quiet"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=os.environ | {"PILOTS_LANGUAGE": language, "PILOTS_HOME": str(tmp_path / "home")},
        )
        assert done.returncode == 4, done.stderr
        told[language] = done.stderr
    assert told["nl"] == "pilots: load.csv: er is maar één tijd; breng een reeks meetwaarden.\n"
    assert told["en"] == "pilots: load.csv: there is only one time; bring a series of readings.\n"
