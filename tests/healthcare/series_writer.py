"""DICOM series made for the tests, cut in any direction and stored in any order."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.valuerep import format_number_as_ds

sys.path.insert(0, str(Path(__file__).parents[1] / "common" / "intake"))

from scans import CANARY, ROOT, enhanced, noise, study  # noqa: F401

MR, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
VOXELS = noise(7, 5, 6)
PERSON = {"PatientName": "Subject 7", "PatientID": "S7", "PatientBirthDate": ""}
"""What a de-identified series says of its patient."""
FILED = {
    "StudyInstanceUID": ROOT + "5",
    "FrameOfReferenceUID": ROOT + "6",
    "SOPClassUID": MR,
    "Modality": "MR",
    "SliceThickness": 3.0,
    "ContentSequence": None,
    **PERSON,
}


def turned(degrees: float, other: float, steps_mm: tuple[float, ...] = (-0.9, -1.3, 4.5)) -> np.ndarray:
    """Turned about two of the body's axes."""
    a, b = np.radians(degrees), np.radians(other)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag(steps_mm)
    affine[:3, 3] = 31, -17, 5
    return affine


def tilted() -> np.ndarray:
    """Slices that are shifted against each other, as with a tilted gantry."""
    affine = AFFINES["axial"].copy()
    affine[1, 2] = 0.6
    return affine


AFFINES = {
    "axial": np.array([[-0.8, 0, 0, 90], [0, -0.8, 0, 110], [0, 0, 3, -40], [0, 0, 0, 1.0]]),
    "sagittal": np.array([[0, 0, 3.0, -60], [-1, 0, 0, 100], [0, -1, 0, 80], [0, 0, 0, 1]]),
    "coronal": np.array([[-1.0, 0, 0, 90], [0, 0, 3, -60], [0, -1, 0, 80], [0, 0, 0, 1]]),
    "from head to foot": np.array([[-0.8, 0, 0, 90], [0, -0.8, 0, 110], [0, 0, -3, 20], [0, 0, 0, 1.0]]),
    "normal to the feet": np.array([[-0.8, 0, 0, 90], [0, 0.8, 0, -90], [0, 0, -3, 20], [0, 0, 0, 1.0]]),
    "oblique": turned(20, 0),
    "double oblique": turned(50, -70),
    "anisotropic": turned(12, 33, (-0.31, -1.7, 7.3)),
}
AFFINES["gantry tilted"] = tilted()
ORDERS = {"in order": range(6), "reversed": range(5, -1, -1), "mixed": (3, 0, 5, 1, 4, 2)}


def series(
    affine: np.ndarray, order: Iterable[int] | None = None, voxels: np.ndarray = VOXELS, **elements: Any
) -> list[Dataset]:
    """A series of single-frame datasets, with names in private, nested and free-text elements."""
    return [in_text(read(data)) for data in study(voxels, affine, order, **{**FILED, **elements})]


def multiframe(affine: np.ndarray, order: Iterable[int] | None = None, **elements: Any) -> Dataset:
    """The same in one enhanced multi-frame dataset."""
    made = {**FILED, **elements, "SliceThickness": None}
    made = {name: value for name, value in made.items() if name != "SOPClassUID"}
    dataset = read(enhanced(VOXELS, affine, order, **made))
    for item in (*dataset.SharedFunctionalGroupsSequence, *dataset.PerFrameFunctionalGroupsSequence):
        for sequence in item:
            in_text(sequence.value[0])
    return dataset


def in_text(dataset: Dataset) -> Dataset:
    """Places as scanners write them, in the 16 characters that DICOM has for a number."""
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        if name in dataset:
            setattr(dataset, name, [format_number_as_ds(float(number)) for number in dataset[name].value])
    return dataset


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def saved(datasets: Iterable[Dataset], folder: Path) -> Path:
    """Files in a folder, under names that do not say their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, dataset in enumerate(datasets):
        pydicom.dcmwrite(folder / f"{(number * 7) % 23:02d}-{number}.dcm", dataset, enforce_file_format=True)
    return folder


def places(mask: np.ndarray, affine: np.ndarray) -> dict[int, np.ndarray]:
    """Where the voxels of each value lie, RAS+ mm, sorted."""
    out = {}
    for value in np.unique(mask[mask != 0]).tolist():
        at = np.argwhere(mask == value) @ affine[:3, :3].T + affine[:3, 3]
        out[int(value)] = at[np.lexsort(np.round(at, 2).T)]
    return out


def assert_same_places(
    one: dict[int, np.ndarray], other: dict[int, np.ndarray], within_mm: float = 1e-3
) -> None:
    """The same voxels at the same places."""
    from scipy.spatial import cKDTree

    assert one.keys() == other.keys()
    for value, at in one.items():
        assert len(at) == len(other[value])
        apart, nearest = cKDTree(at).query(other[value])
        assert apart.max() < within_mm
        assert len(set(nearest.tolist())) == len(at)
