"""Codes of structures: SNOMED CT where there is one, the project's own scheme where not."""

from __future__ import annotations

import pytest
from pydicom.sr._concepts_dict import concepts

from healthcare import terms
from healthcare.finding import Label


@pytest.mark.parametrize(
    ("label", "code", "part"),
    [
        (Label(1, "Anterior hippocampus"), "5366008", "Anterior"),
        (Label(1, "posterior_hippocampus"), "5366008", "Posterior"),
        (Label(1, "Gray Matter"), "389081007", None),
        (Label(1, "CSF"), "65216001", None),
        (Label(1, "left kidney"), "64033007", "Left"),
        (Label(1, "right  putamen"), "89278009", "Right"),
        (Label(1, "left atrium"), "82471001", None),
        (Label(1, "left tumor"), "108369006", "Left"),
        (Label(1, "left nucleus", "4958002", "Amygdala"), "4958002", "Left"),
    ],
)
def test_known_structures_have_their_snomed_code(label, code, part):
    found = terms.structure(label)
    assert (found.value, found.scheme_designator) == (code, "SCT")
    said = terms.part(label)
    assert (None if said is None else said.meaning) == part
    if said is not None:
        assert terms.is_side(said) == (part in ("Left", "Right"))


def test_codes_are_those_of_dicom():
    known = {code: set() for listed in concepts["SCT"].values() for code in listed}
    for listed in concepts["SCT"].values():
        for code, (meaning, _) in listed.items():
            known[code].add(meaning.lower())
    for code, meaning in (*terms._SNOMED.values(), *terms._PARTS.values(), *terms._SIDES.values()):
        assert meaning.lower() in known[code]


@pytest.mark.parametrize("name", ["anterior", "Lésion 3 / proche du fémur", "水", "left thing", "x" * 90])
def test_what_has_no_code_gets_one_of_the_projects(name):
    label = Label(3, name)
    found = terms.structure(label)
    assert found.scheme_designator == terms.OWN_SCHEME
    assert 0 < len(found.value) <= 16
    assert found.meaning == name[:64]
    assert terms.part(label) is None


def test_categories_and_procedures():
    said = {
        name: terms.category(Label(1, name)).meaning for name in ("csf", "white matter", "tumour", "liver")
    }
    assert said == {
        "csf": "Body Substance",
        "white matter": "Tissue",
        "tumour": "Morphologically Abnormal Structure",
        "liver": "Anatomical Structure",
    }
    assert terms.procedure("CT").value == "77477000"
    assert terms.procedure("").value == "363679005"
