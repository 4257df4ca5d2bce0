"""Small volumes with a structure that intensity gives away, and a network that looks at nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common.store import save_model
from common.training.weights import write_weights
from healthcare.data import Scan
from healthcare.exports import nifti_bytes
from healthcare.finding import Label
from healthcare.model import SPECIFICATION, Segmenter
from healthcare.networks import build
from healthcare.plan import Plan, specification

LABELS = (Label(1, "core"), Label(2, "shell"))
AFFINE = np.diag([-1.0, -1.0, 2.0, 1.0])


def tiny_plan(**changes) -> Plan:
    plain = {
        "labels": LABELS,
        "spacing_mm": (1.0, 1.0, 2.0),
        "patch": (16, 16, 16),
        "batch_size": 2,
        "channels": (4, 8, 8),
        "kernels": ((3, 3, 3),) * 3,
        "strides": ((2, 2, 2),) * 2,
        "mirror": (0,),
        "modality": "MR",
    }
    return Plan(**(plain | changes))


def volume(seed: int, noise: float = 0.15, shape=(20, 18, 16)) -> tuple[Scan, np.ndarray]:
    """A bright core in a grey shell on dark ground; the mask says 1 and 2."""
    random = np.random.default_rng(seed)
    centre = np.array(shape) / 2 + random.uniform(-2, 2, 3)
    far = np.sqrt(sum((g - c) ** 2 for g, c in zip(np.indices(shape), centre, strict=True)))
    mask = np.zeros(shape, np.uint8)
    mask[far < random.uniform(5.5, 6.5)] = 2
    mask[far < random.uniform(2.5, 3.5)] = 1
    array = (np.array([0.0, 2.0, 1.0])[mask] + random.normal(0, noise, shape)).astype(np.float32)
    key = hashlib.sha256(array.tobytes()).hexdigest()
    return Scan(array, AFFINE, (1.0, 1.0, 2.0), "MR", {"sha256": key, "kind": "nifti"}), mask


class ByIntensity(nn.Module):
    """Classes by how near the value is to what the class has in `volume`, after its z-score."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low = x.amin((2, 3, 4), keepdim=True)
        scaled = 2.4 * (x - low) / (x.amax((2, 3, 4), keepdim=True) - low) - 0.2
        means = torch.tensor([0.0, 2.0, 1.0]).view(1, 3, 1, 1, 1)
        return -12 * (scaled - means) ** 2


def by_intensity(**changes) -> Segmenter:
    plain = {
        "networks": [ByIntensity()],
        "plan": tiny_plan(),
        "rules": (),
        "quality": None,
        "volume_errors": {},
        "card": {"name": "by intensity"},
        "sha256": "ab" * 32,
    }
    return Segmenter(**(plain | changes))


def store_model(folder: Path, members: int = 0, **more) -> Path:
    """A stored model with the weights that a network of the tiny plan begins with."""
    torch.manual_seed(0)
    plan = tiny_plan()
    networks = nn.ModuleList(build(plan) for _ in range(members or 1))

    def write(fresh: Path) -> None:
        write_weights((networks if members else networks[0]).state_dict(), fresh)
        found = specification(plan) | more | ({"members": members} if members else {})
        (fresh / SPECIFICATION).write_text(json.dumps(found))

    return save_model(folder, write, {"name": "tiny"})


def write_folder(folder: Path, count: int, first_seed: int = 0) -> Path:
    """A training folder in the Decathlon's layout."""
    (folder / "imagesTr").mkdir(parents=True)
    (folder / "labelsTr").mkdir()
    for number in range(count):
        scan, mask = volume(first_seed + number)
        (folder / "imagesTr" / f"case_{number:03d}.nii.gz").write_bytes(nifti_bytes(scan.array, scan.affine))
        (folder / "labelsTr" / f"case_{number:03d}.nii.gz").write_bytes(nifti_bytes(mask, scan.affine))
    return folder
