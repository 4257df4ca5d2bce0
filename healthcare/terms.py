"""Words of radiology as codes: SNOMED CT for anatomy, UCUM for units, and the project's own where none is.

SNOMED CT codes are those that DICOM PS3.16 lists (CID 7140, 7150, 7151), free to use in DICOM objects.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from highdicom.sr.coding import CodedConcept

    from healthcare.finding import Label

OWN_SCHEME = "99SECTORPILOTS"
"""Coding scheme of names for which no standard has a code; DICOM keeps the prefix 99 for private ones."""
OWN_SCHEME_NAME = "Sector pilots"

_SNOMED = {
    "hippocampus": ("5366008", "Hippocampus"),
    "grey matter": ("389081007", "Gray Matter"),
    "white matter": ("389080008", "White Matter"),
    "cerebrospinal fluid": ("65216001", "Cerebrospinal Fluid"),
    "brain": ("12738006", "Brain"),
    "cerebellum": ("113305005", "Cerebellum"),
    "amygdala": ("4958002", "Amygdala"),
    "caudate nucleus": ("11000004", "Caudate Nucleus"),
    "putamen": ("89278009", "Putamen"),
    "lateral ventricle": ("66720007", "Lateral Ventricle"),
    "tumour": ("108369006", "Neoplasm"),
    "edema": ("79654002", "Edema"),
    "lung": ("39607008", "Lung"),
    "heart": ("80891009", "Heart"),
    "left ventricle": ("87878005", "Left ventricle"),
    "kidney": ("64033007", "Kidney"),
    "liver": ("10200004", "Liver"),
    "spleen": ("78961009", "Spleen"),
    "pancreas": ("15776009", "Pancreas"),
    "prostate": ("41216001", "Prostate"),
    "left atrium": ("82471001", "Left atrium"),
    "colon": ("71854001", "Colon"),
}
_SAME = {"gray matter": "grey matter", "csf": "cerebrospinal fluid", "tumor": "tumour"}
_PARTS = {"anterior": ("255549009", "Anterior"), "posterior": ("255551008", "Posterior")}
_SIDES = {"left": ("7771000", "Left"), "right": ("24028007", "Right")}
_SUBSTANCES, _TISSUES, _ABNORMAL = {"65216001"}, {"389081007", "389080008"}, {"108369006", "79654002"}
_SHORT = 16
_LONG = 64


def concept(value: str, meaning: str, scheme: str = "SCT") -> CodedConcept:
    """A code with its wording, as highdicom takes it; the wording is cut to DICOM's 64 characters."""
    from highdicom.sr.coding import CodedConcept

    return CodedConcept(value=value, scheme_designator=scheme, meaning=meaning[:_LONG])


def own(value: str, meaning: str) -> CodedConcept:
    """A concept of the project's own scheme; `value` has at most 16 characters."""
    return concept(value, meaning, OWN_SCHEME)


def structure(label: Label) -> CodedConcept:
    """What a structure is: the label's own code, else that of its name, else one of the project's scheme."""
    if label.code:
        return concept(label.code, label.meaning or label.name)
    words = _words(label.name)
    if found := _SNOMED.get(words) or _SNOMED.get(_of_part(words)):
        return concept(*found)
    slug = re.sub(r"[^a-z0-9]+", "-", words).strip("-")[:_SHORT]
    return own(slug or f"structure-{label.value}", label.name)


def part(label: Label) -> CodedConcept | None:
    """Which part or side of the structure is meant, where its name begins with it ("left kidney")."""
    words = _words(label.name)
    whole = _of_part(words)
    if words in _SNOMED or not whole or not (label.code or whole in _SNOMED):
        return None
    return concept(*(_PARTS | _SIDES)[words.partition(" ")[0]])


def is_side(part: CodedConcept) -> bool:
    """Whether a part is the left or right one of two."""
    return part.value in {code for code, _ in _SIDES.values()}


def category(label: Label) -> CodedConcept:
    """Category that DICOM asks for beside the structure (CID 7150): substance, tissue, lesion or anatomy."""
    code = structure(label).value
    if code in _SUBSTANCES:
        return concept("91720002", "Body Substance")
    if code in _TISSUES:
        return concept("85756007", "Tissue")
    if code in _ABNORMAL:
        return concept("49755003", "Morphologically Abnormal Structure")
    return concept("91723000", "Anatomical Structure")


def procedure(modality: str) -> CodedConcept:
    """The kind of examination, by DICOM's code of the modality."""
    known = {"MR": ("113091000", "Magnetic resonance imaging"), "CT": ("77477000", "Computed tomography")}
    return concept(*known.get(modality, ("363679005", "Imaging procedure")))


def millilitre() -> CodedConcept:
    """The unit of volumes."""
    return concept("ml", "milliliter", "UCUM")


def unity() -> CodedConcept:
    """The unit of ratios, such as Dice."""
    return concept("1", "no units", "UCUM")


def _words(name: str) -> str:
    words = " ".join(name.lower().replace("_", " ").split())
    return _SAME.get(words, words)


def _of_part(words: str) -> str:
    """The structure of which a part or side is named, "" where none is."""
    first, _, whole = words.partition(" ")
    return _SAME.get(whole, whole) if first in _PARTS or first in _SIDES else ""
