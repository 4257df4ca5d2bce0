"""What a user takes away: masks as NIfTI and DICOM, measurements as CSV and DICOM, each file whole or not.

Nothing in them names a person beyond what the DICOM sources themselves say; files are named by what they
hold, and a note beside them says what they are for and lists them with their hashes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.exports import csv_text
from common.store import atomic_write, refusal, sha256
from healthcare.finding import RESEARCH_USE
from healthcare.wording import sentence

if TYPE_CHECKING:
    import pandas as pd
    from pydicom import Dataset

    from healthcare.finding import Classified, Finding, Segmented

NAMES = (
    "mask.nii.gz", "uncertainty.nii.gz", "scan.nii.gz", "heat.nii.gz", "segmentation.dcm", "report.dcm",
    "report-pdf.dcm", "volumes.csv", "probabilities.csv",
)  # fmt: skip
"""All that `write_exports` may write beside its note."""
ABOUT = "about-these-exports.txt"
NO_SEGMENTATION = (
    "segmentation.dcm and report.dcm were not made, as the scan came without a DICOM series that they belong"
    " to; mask.nii.gz holds the outline"
)
_LISTED = re.compile(r"^([0-9a-f]{64})  (\S+)$", re.MULTILINE)
_ML_DECIMALS, _SHARE_DECIMALS = 4, 4
_SCANNER = 1
"""NIfTI's code for coordinates of the scanner."""
_STORED = ("u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8")
_SQUARE = 1e-4
_VERSION_DIGITS = 16
_MOST_NOTE_BYTES = 100_000


def nifti_bytes(array: NDArray[Any], affine: NDArray[np.float64]) -> bytes:
    """A volume as gzipped NIfTI-1, the same bytes for the same volume.

    Both of the format's matrices are set (sform, and qform where the axes are at right angles, as it can hold
    no others); the free text fields are empty.

    Args:
        array: (x, y, z).
        affine: (4, 4), from voxels to RAS+ mm.

    Raises:
        DataError: no volume, or values of a type that NIfTI has none for.
    """
    import nibabel as nib

    if array.ndim != 3:
        raise DataError("a picture without a place in space is no volume", mend="export volumes alone")
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    kind = array.dtype.newbyteorder("=")
    if kind.str[1:] not in _STORED:
        raise DataError(f"NIfTI readers take no values of {array.dtype}", mend="convert them first")
    image = nib.Nifti1Image(array.astype(kind, copy=False), affine)
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    square = np.abs(directions.T @ directions - np.eye(3)).max() < _SQUARE
    image.set_sform(affine, code=_SCANNER)
    image.set_qform(affine if square else None, code=_SCANNER if square else 0)
    image.header.set_xyzt_units("mm")
    return gzip.compress(image.to_bytes(), compresslevel=4, mtime=0)


def volumes_table(segmented: Segmented) -> pd.DataFrame:
    """Each structure's volume.

    Returns:
        Columns structure, volume_ml, low_ml and high_ml (the interval), coverage (share of cases whose truth
        lies in it; empty where there is no interval), predicted_dice (empty where unknown).
    """
    import pandas as pd

    rows = segmented.volumes
    return pd.DataFrame(
        {
            "structure": pd.Series([row.label.name for row in rows], dtype=object),
            "volume_ml": [round(float(row.ml), _ML_DECIMALS) for row in rows],
            "low_ml": [round(float(row.low_ml), _ML_DECIMALS) for row in rows],
            "high_ml": [round(float(row.high_ml), _ML_DECIMALS) for row in rows],
            "coverage": [float(row.coverage) if math.isfinite(row.low_ml) else math.nan for row in rows],
            "predicted_dice": [round(float(row.predicted_dice), _SHARE_DECIMALS) for row in rows],
        }
    )


def probabilities_table(classified: Classified) -> pd.DataFrame:
    """Each class's probability, the likeliest first.

    Returns:
        Columns class, probability, in_set (whether it is in the conformal set), coverage (of the set).
    """
    import pandas as pd

    ranked = sorted(classified.probabilities.items(), key=lambda pair: -pair[1])
    return pd.DataFrame(
        {
            "class": pd.Series([name for name, _ in ranked], dtype=object),
            "probability": [round(float(share), 6) for _, share in ranked],
            "in_set": [name in classified.set for name, _ in ranked],
            "coverage": [float(classified.coverage)] * len(ranked),
        }
    )


def write_exports(
    finding: Finding,
    folder: Path,
    *,
    sources: Sequence[Dataset] | None = None,
    pdf: bytes | None = None,
    with_scan: bool = False,
) -> list[Path]:
    """Write all exports of a finding, each whole or not at all.

    Exports of an earlier finding that are not made this time are removed, so that no two findings mix; they
    are known by their hash in the note, so nothing else is.

    Args:
        finding: of `healthcare.diagnose`.
        folder: made when it is not there.
        sources: the de-identified series of a scan that came as DICOM; None of one that came as NIfTI or
            picture, which then has no DICOM exports.
        pdf: the report; it is filed as DICOM where there are sources.
        with_scan: write the scan as well.

    Returns:
        The files written.

    Raises:
        DataError: the sources are not those of the scan.
        StoreError: a file cannot be written.
    """
    contents, notes = _contents(finding, list(sources or ()), pdf, with_scan)
    older = _older(folder)
    for name, content in contents.items():
        atomic_write(folder / name, content)
    for path in older - {folder / name for name in contents}:
        with refusal("an export of an earlier finding cannot be removed", path):
            path.unlink()
    atomic_write(folder / ABOUT, _about(contents, notes))
    return [folder / name for name in (*contents, ABOUT)]


def _older(folder: Path) -> set[Path]:
    """Exports of an earlier finding that still are as they were written."""
    note = folder / ABOUT
    if not note.is_file() or note.stat().st_size > _MOST_NOTE_BYTES:
        return set()
    listed = _LISTED.findall(note.read_text("utf-8", "replace"))
    written = {folder / name: digest for digest, name in listed if name in NAMES}
    return {path for path, digest in written.items() if path.is_file() and sha256(path) == digest}


def _about(contents: Mapping[str, bytes], notes: Sequence[str]) -> str:
    sentences = [sentence(text) for text in (RESEARCH_USE, *notes)]
    hashes = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in contents.items()]
    return "\n".join([*sentences, "", *hashes, ""])


def _contents(
    finding: Finding, sources: list[Dataset], pdf: bytes | None, with_scan: bool
) -> tuple[dict[str, bytes], list[str]]:
    """The files by name, and what is to be said of them."""
    scan, segmented, classified = finding.scan, finding.segmented, finding.classified
    affine = scan.affine if scan is not None else None
    out: dict[str, bytes] = {}
    notes: list[str] = []
    if affine is not None and segmented is not None:
        out["mask.nii.gz"] = nifti_bytes(segmented.mask, affine)
        out["uncertainty.nii.gz"] = nifti_bytes(segmented.uncertainty, affine)
    if affine is not None and with_scan and scan is not None:
        out["scan.nii.gz"] = nifti_bytes(scan.array, affine)
    if segmented is not None:
        out["volumes.csv"] = csv_text(volumes_table(segmented)).encode()
    if classified is not None:
        out["probabilities.csv"] = csv_text(probabilities_table(classified)).encode()
        if affine is not None and classified.heat is not None:
            out["heat.nii.gz"] = nifti_bytes(classified.heat, affine)
    if sources:
        out |= _dicom(finding, sources, pdf, notes)
    elif segmented is not None:
        notes.append(NO_SEGMENTATION)
    return out, notes


def _dicom(finding: Finding, sources: list[Dataset], pdf: bytes | None, notes: list[str]) -> dict[str, bytes]:
    from healthcare.dicom_report import encapsulated_pdf, measurement_report
    from healthcare.dicom_seg import segmentation_object

    made = finding.provenance
    algorithm = str(made.get("model") or "model not stated")
    version = str(made.get("model_sha256") or "not stated")[:_VERSION_DIGITS]
    out: dict[str, bytes] = {}
    references = []
    affine = finding.scan.affine if finding.scan is not None else None
    if finding.segmented is not None and affine is not None:
        segmentation = segmentation_object(
            finding.segmented.mask,
            affine,
            finding.labels,
            sources,
            series_description="Outlined structures",
            algorithm=algorithm,
            version=version,
            notes=notes,
        )
        references.append(segmentation)
        report = measurement_report(
            segmentation,
            sources,
            finding.segmented.volumes,
            algorithm=algorithm,
            version=version,
            warnings=[words for words in finding.warnings if words != RESEARCH_USE],
        )
        out["segmentation.dcm"], out["report.dcm"] = file_bytes(segmentation), file_bytes(report)
    if pdf is not None:
        title = "Report of a scan, for research only"
        document = encapsulated_pdf(pdf, sources[0], title=title, version=version, references=references)
        out["report-pdf.dcm"] = file_bytes(document)
    return out


def file_bytes(dataset: Dataset) -> bytes:
    """A dataset as a DICOM file (PS3.10)."""
    import pydicom

    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()
