"""Scans, training folders and npz files made for the tests of reading; the door's own makers do the rest."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "common" / "intake"))
from scans import CANARY, dicom, nifti, noise, study, world, zipped

__all__ = [
    "CANARY",
    "PERSON",
    "dicom",
    "folder",
    "nifti",
    "noise",
    "npz",
    "study",
    "training",
    "world",
    "zipped",
]

PERSON = f"JANSEN_{CANARY}"
"""In every file's name, so that a test can see that it goes nowhere."""
AFFINE = np.array([[-0.8, 0, 0, 20], [0, -0.8, 0, 30], [0, 0, 3, -40], [0, 0, 0, 1.0]])


def folder(path: Path, files: list[bytes]) -> Path:
    """Files in a folder, under a person's name."""
    path.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(files):
        (path / f"{PERSON}_{number}.dcm").write_bytes(data)
    return path


def blob(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """A volume with some structure, so that two of them are not alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(4, 4, 4))
    fine = np.kron(coarse, np.ones([-(-n // 4) for n in shape]))[: shape[0], : shape[1], : shape[2]]
    return (300 + 100 * fine + rng.normal(0, 5, shape)).astype(np.float32)


def training(
    path: Path,
    cases: int = 4,
    *,
    shape: tuple[int, int, int] = (12, 14, 10),
    name: str = PERSON,
    described: dict | bool = True,
) -> Path:
    """A folder in the layout of the Medical Segmentation Decathlon: labels 1 and 2 in every mask."""
    for part in ("imagesTr", "labelsTr"):
        (path / part).mkdir(parents=True)
    names = [f"{name}_{number:03d}.nii" for number in range(1, cases + 1)]
    for number, one in enumerate(names, 1):
        mask = np.zeros(shape, np.uint8)
        mask[2:6, 2:8, 2:6], mask[6:9, 2:8, 2:6] = 1, 2
        (path / "imagesTr" / one).write_bytes(nifti(blob(shape, number), AFFINE))
        (path / "labelsTr" / one).write_bytes(nifti(mask, AFFINE))
    if described:
        said = {
            "name": "Test",
            "modality": {"0": "MRI"},
            "labels": {"0": "background", "1": "front", "2": "back"},
            "numTraining": cases,
            "training": [{"image": f"./imagesTr/{n}", "label": f"./labelsTr/{n}"} for n in names],
        }
        said |= described if isinstance(described, dict) else {}
        (path / "dataset.json").write_text(json.dumps(said))
    return path


def npz(path: Path, **arrays: np.ndarray) -> Path:
    """An npz file."""
    out = io.BytesIO()
    np.savez(out, **arrays)
    path.write_bytes(out.getvalue())
    return path
