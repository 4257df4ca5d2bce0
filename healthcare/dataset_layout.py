"""How a training folder is laid out: which image belongs to which mask, and what dataset.json says of them.

The layout is that of the Medical Segmentation Decathlon (Antonelli et al. 2022): imagesTr, labelsTr, imagesTs
and dataset.json, which may be missing. That of nnU-Net, in which names of images end in the channel's number
(`_0000`), is taken in where there is one channel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from common.errors import DataError, IntakeError
from common.intake import strict_json, take
from common.intake.kinds import JSON
from common.intake.parcel import Parcel
from common.intake.source import Source
from healthcare.naming import called as naming

DESCRIPTION, IMAGES, MASKS, TESTS = "dataset.json", "imagesTr", "labelsTr", "imagesTs"
_ENDING = re.compile(r"\.nii(\.gz)?$")
_CHANNEL = re.compile(r"_\d{4}$")
_MODALITIES = {
    "MRI": "MR", "MR": "MR", "T1": "MR", "T1W": "MR", "T2": "MR", "T2W": "MR", "FLAIR": "MR", "CT": "CT",
    "PET": "PT", "PT": "PT",
}  # fmt: skip
_MEND = "write it as the Medical Segmentation Decathlon does, or leave it out"


@dataclass(frozen=True)
class Flaw:
    """What does not fit together, where, how to mend it, and whether training must wait for that."""

    what: str
    where: str
    mend: str
    stops: bool = False


@dataclass(frozen=True)
class Layout:
    """Files of a training folder.

    Attributes:
        pairs: each image with its mask, None where there is none; in the order of their names.
        tests: images without masks that were set apart.
        labels: number -> name, without the background; None where nothing is said.
        modality: DICOM's code, "" where unknown.
        stated: number of training cases that dataset.json promises, None where it says nothing.
        flaws: what does not fit together.
    """

    pairs: tuple[tuple[Path, Path | None], ...]
    tests: tuple[Path, ...] = ()
    labels: dict[int, str] | None = None
    modality: str = ""
    stated: int | None = None
    flaws: tuple[Flaw, ...] = field(default_factory=tuple)


def is_layout(folder: Path) -> bool:
    """Whether a folder is laid out so."""
    return (folder / IMAGES).is_dir()


def stem(path: Path) -> str:
    """A file's name without its ending, by which image and mask belong together; never shown."""
    return _ENDING.sub("", path.name)


def read_layout(folder: Path) -> Layout:
    """Find images and masks; what does not fit together is listed and left to the caller.

    Raises:
        IntakeError: dataset.json is refused.
        DataError: there are no images, or dataset.json makes no sense.
    """
    if not is_layout(folder):
        raise DataError(
            "it holds no training images", where="the folder", mend=f"put them into {IMAGES} and {MASKS}"
        )
    said = _described(folder / DESCRIPTION)
    flaws: list[Flaw] = []
    pairs = _listed(folder, said["training"], flaws) if said.get("training") else []
    images, masks = _files(folder / IMAGES), _files(folder / MASKS)
    if pairs:
        unlisted = len(set(images) - {image for image, _ in pairs})
        if unlisted:
            what = f"{unlisted} images lie in {IMAGES} that dataset.json does not list; they are left out"
            flaws.append(Flaw(what, DESCRIPTION, "list them, or take them away"))
    else:
        pairs = _paired(images, masks, flaws)
    if not pairs:
        raise DataError("it holds no training images", where=IMAGES, mend="bring NIfTI files (.nii.gz)")
    stated = said.get("stated")
    if stated is not None and stated != len(pairs):
        what = f"dataset.json promises {stated} training cases and there are {len(pairs)}"
        flaws.append(Flaw(what, DESCRIPTION, "fetch the data anew, or correct numTraining"))
    labels = {int(value): name for value, name in said["labels"]} if said.get("labels") else None
    modality, tests = said.get("modality", ""), tuple(_files(folder / TESTS))
    return Layout(
        tuple(sorted(pairs, key=lambda pair: pair[0])), tests, labels, modality, stated, tuple(flaws)
    )


def _files(folder: Path) -> list[Path]:
    # Archives packed on a Mac hold a twin of each file whose name begins with "._".
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if _ENDING.search(path.name) and not path.name.startswith("."))


def _listed(folder: Path, training: list[list[str]], flaws: list[Flaw]) -> list[tuple[Path, Path | None]]:
    pairs: list[tuple[Path, Path | None]] = []
    for number, (image, mask) in enumerate(training, 1):
        where = f"{DESCRIPTION}, training case {number}"
        paths = [_within(folder, name, where) for name in (image, mask)]
        if not paths[0].exists():
            flaws.append(Flaw("the image that it lists is not there", where, "fetch the data anew", True))
            continue
        if not paths[1].exists():
            flaws.append(Flaw("the mask that it lists is not there", where, "fetch the data anew", True))
        pairs.append((paths[0], paths[1] if paths[1].exists() else None))
    if len({image for image, _ in pairs}) < len(pairs):
        flaws.append(Flaw("an image is listed twice", DESCRIPTION, "list each once"))
    return list(dict.fromkeys(pairs))


def _within(folder: Path, name: str, where: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not _ENDING.search(path.name):
        mend = "name NIfTI files within the folder"
        raise IntakeError("it names a file outside the folder, or no NIfTI", where=where, mend=mend)
    return folder / path


def _paired(images: list[Path], masks: list[Path], flaws: list[Flaw]) -> list[tuple[Path, Path | None]]:
    by_stem = {stem(mask): mask for mask in masks}
    channels = {match[0] for path in images if (match := _CHANNEL.search(stem(path)))}
    if len(channels) > 1 and all(_CHANNEL.sub("", stem(path)) in by_stem for path in images):
        raise DataError(
            f"its cases have {len(channels)} channels each, and one is taken in",
            where=IMAGES, mend="bring the images of one channel",
        )  # fmt: skip
    pairs: list[tuple[Path, Path | None]] = []
    for path in images:
        mask = by_stem.get(stem(path)) or by_stem.get(_CHANNEL.sub("", stem(path)))
        pairs.append((path, mask))
    if lonely := len(set(masks) - {mask for _, mask in pairs}):
        what = f"{lonely} masks have no image of their name"
        flaws.append(Flaw(what, MASKS, "name mask and image alike, or take the masks away"))
    for number, (_, mask) in enumerate(pairs, 1):
        if mask is None:
            where, mend = f"case {number} of {len(pairs)}", f"add it to {MASKS}, or move the image to {TESTS}"
            flaws.append(Flaw("the image has no mask of its name", where, mend, True))
    return pairs


def _described(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    with naming(path, DESCRIPTION):
        return dict(take(path, (JSON,)).parse("healthcare.dataset_layout:description").facts)


def description(source: Source) -> Parcel:
    """The reader of dataset.json, which runs in the child: labels, modality, and lists of files."""
    where = source.name
    said = strict_json.loads(source.read(), where)
    if not isinstance(said, dict):
        raise DataError("it is no object", where=where, mend=_MEND)
    facts: dict[str, Any] = {"labels": _labels(said.get("labels", {}), where)}
    kinds = said.get("modality", said.get("channel_names", {}))
    kinds = list(kinds.values()) if isinstance(kinds, dict) else []
    if len(kinds) > 1:
        mend = "bring the images of one channel"
        raise DataError(f"its images have {len(kinds)} channels", where=where, mend=mend)
    facts["modality"] = _MODALITIES.get(str(kinds[0]).upper(), "") if kinds else ""
    training = said.get("training", [])
    try:
        facts["training"] = [[str(one["image"]), str(one["label"])] for one in training]
    except (TypeError, KeyError) as error:
        what = "its list of training cases does not hold image and label"
        raise DataError(what, where=where, mend=_MEND) from error
    stated = said.get("numTraining")
    facts["stated"] = stated if isinstance(stated, int) else None
    return Parcel(facts)


def _labels(said: Any, where: str) -> list[list[Any]]:
    """Number and name of each label but the background; numbers or names may come first."""
    if not isinstance(said, dict):
        raise DataError("its labels are no object", where=where, mend=_MEND)
    found: dict[int, str] = {}
    for key, value in said.items():
        number, name = (key, value) if str(key).isdecimal() else (value, key)
        if not str(number).isdecimal() or not isinstance(name, str) or int(number) > 255:
            raise DataError("its labels are no numbers from 0 to 255 with names", where=where, mend=_MEND)
        found[int(number)] = strict_json.shown(name, 60)
    found.pop(0, None)
    return [[number, found[number]] for number in sorted(found)]
