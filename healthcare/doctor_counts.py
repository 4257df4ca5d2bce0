"""Sizes of published data sets, to tell an altered copy from the original."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from healthcare.doctor_problems import Problem
from healthcare.pictures import Pictures

_MEND = "fetch the original anew and compare, or name your own data set so that it is not taken for this one"


@dataclass(frozen=True)
class Published:
    """A data set as it was published.

    Attributes:
        name: as its makers write it.
        sizes: number of pictures by part.
        counts: number of pictures by part and class; empty where not known.
    """

    name: str
    sizes: Mapping[str, int]
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def _sized(name: str, train: int, val: int, test: int) -> Published:
    return Published(name, {"train": train, "val": val, "test": test})


PUBLISHED = (
    # MedMNIST 3.0.2 (Yang et al. 2023).
    _sized("PathMNIST", 89996, 10004, 7180),
    _sized("DermaMNIST", 7007, 1003, 2005),
    _sized("OCTMNIST", 97477, 10832, 1000),
    Published(
        "PneumoniaMNIST",
        {"train": 4708, "val": 524, "test": 624},
        {"train": (1214, 3494), "val": (135, 389), "test": (234, 390)},
    ),
    _sized("RetinaMNIST", 1080, 120, 400),
    _sized("BreastMNIST", 546, 78, 156),
    _sized("BloodMNIST", 11959, 1712, 3421),
    _sized("TissueMNIST", 165466, 23640, 47280),
    _sized("OrganAMNIST", 34561, 6491, 17778),
    _sized("OrganCMNIST", 12975, 2392, 8216),
    _sized("OrganSMNIST", 13932, 2452, 8827),
    _sized("OrganMNIST3D", 971, 161, 610),
    _sized("NoduleMNIST3D", 1158, 165, 310),
    _sized("AdrenalMNIST3D", 1188, 98, 298),
    _sized("FractureMNIST3D", 1027, 103, 240),
    _sized("VesselMNIST3D", 1335, 191, 382),
    _sized("SynapseMNIST3D", 1230, 177, 352),
)


def published(pictures: Pictures, file_name: str = "") -> Published | None:
    """The published data set that pictures are, by the file's name or the size of their parts; None if none.

    Args:
        pictures: what was read.
        file_name: may hold the set's name, as that of a download does ("pneumoniamnist.npz").
    """
    plain = file_name.lower().replace("_", "").replace("-", "")
    for one in PUBLISHED:
        if one.name.lower() in plain:
            return one
    for one in PUBLISHED:
        same = [split for split, labels in pictures.labels.items() if len(labels) == one.sizes[split]]
        if "train" in same or len(same) > 1:
            return one
    return None


def against(pictures: Pictures, original: Published) -> list[Problem]:
    """Parts and classes whose numbers are not those of the original."""
    problems = []
    for split, labels in pictures.labels.items():
        wanted, known = original.sizes[split], original.counts.get(split)
        found = tuple(pictures.counts(split).tolist())
        what = ""
        if len(labels) != wanted:
            what = f"it holds {len(labels):,} pictures, and {original.name} as published {wanted:,}"
        elif known is not None and found != known:
            here, there = ("/".join(f"{n:,}" for n in counts) for counts in (found, known))
            what = f"its classes count {here}, and those of {original.name} as published {there}"
        if what:
            problems.append(Problem("error", "changed counts", what, split, _MEND))
    return problems
