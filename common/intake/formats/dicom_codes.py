"""DICOM codes that matter here: which objects are no scan, and which words may leave the child as facts.

A fact is one of the words listed here or none at all, because a coded field can hold a name as well.
"""

from __future__ import annotations

# Beginning of the class's UID, behind the family, -> what it is; whole where it does not end in a dot.
_FAMILY = "1.2.840.10008.5.1.4.1.1."
_CLASSES = (
    ("88.59", "a selection of pictures (key objects)"),
    ("88.", "a structured report (SR)"),
    ("11.", "a presentation state"),
    ("104.", "a document within DICOM"),
    ("9.", "a waveform such as an ECG"),
    ("4.2", "a spectrum"),
    ("66", "raw data"),
    ("66.", "a segmentation or registration"),
    ("77.1.6", "a slide under the microscope"),
    ("481.2", "a radiation dose (RTDOSE)"),
    ("481.3", "contours for radiotherapy (RTSTRUCT)"),
    ("481.5", "a plan for radiotherapy (RTPLAN)"),
)
_CONTENTS = "1.2.840.10008.1.3.10"
_MODALITIES = {
    "SR": "a structured report (SR)",
    "RTSTRUCT": "contours for radiotherapy (RTSTRUCT)",
    "RTDOSE": "a radiation dose (RTDOSE)",
    "RTPLAN": "a plan for radiotherapy (RTPLAN)",
    "SEG": "a segmentation",
    "REG": "a registration",
    "PR": "a presentation state",
    "KO": "a selection of pictures (key objects)",
    "DOC": "a document within DICOM",
    "ECG": "a waveform such as an ECG",
}
SECONDARY = _FAMILY + "7"
"""Beginning of the classes of secondary captures: screenshots and scanned films."""
PROJECTIONS = ("CR", "DX", "MG", "PX", "IO", "RF", "XA", "RG")
"""Kinds of X-rays in which a picture shows what lies behind each other."""
_SCANS = (
    *PROJECTIONS,
    *("CT", "MR", "PT", "NM", "US", "IVUS", "SC", "OT", "ES", "XC", "GM", "OP", "OPT", "OCT"),
)
_BODY_PARTS = frozenset(
    """
    ABDOMEN ABDOMENPELVIS ADRENAL ANKLE AORTA ARM AXILLA BACK BLADDER BRAIN BREAST BRONCHUS CALCANEUS CAROTID
    CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX COLON CSPINE CTSPINE EAR ELBOW ESOPHAGUS EXTREMITY EYE
    FACE FEMUR FINGER FOOT FOREARM GALLBLADDER HAND HEAD HEADNECK HEART HIP HUMERUS IAC JAW KIDNEY KNEE LEG
    LIVER LSPINE LSSPINE LUNG MANDIBLE MAXILLA MEDIASTINUM NECK NECKCHEST NOSE ORBIT PANCREAS PATELLA PELVIS
    PROSTATE RIB SACRUM SCAPULA SCROTUM SHOULDER SIJOINT SINUS SKULL SPINE SPLEEN SSPINE STERNUM STOMACH
    TESTIS THIGH THORAX THUMB THYROID TIBIA TLSPINE TOE TSPINE TSSPINE UTERUS WHOLEBODY WRIST
    """.split()  # noqa: SIM905 -- a hundred quoted words would be harder to read
)


def other(sop_class: str, modality: str) -> str:
    """What an object is, in words, where it is no scan; "" for a scan."""
    if sop_class == _CONTENTS:
        return "a table of contents (DICOMDIR)"
    kind = sop_class.removeprefix(_FAMILY) if sop_class.startswith(_FAMILY) else ""
    for begin, words in _CLASSES:
        if kind == begin or (begin.endswith(".") and kind.startswith(begin)):
            return words
    return _MODALITIES.get(modality, "")


def modality(said: str) -> str:
    """A known kind of scan, or "other"."""
    return said if said in _SCANS else "other"


def body_part(said: str) -> str | None:
    """A known part of the body, "other", or None where nothing is said."""
    part = said.upper().replace(" ", "").replace("_", "")
    return (part if part in _BODY_PARTS else "other") if part else None


def side(said: str) -> str | None:
    """L, R, B (both) or U (unpaired); None where nothing is said."""
    return said.upper() if said.upper() in ("L", "R", "B", "U") else None


def burned_in(said: str) -> str:
    """YES, NO, or "not stated"."""
    return said.upper() if said.upper() in ("YES", "NO") else "not stated"
