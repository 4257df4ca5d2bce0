"""The data doctor on an npz of labelled pictures: twins, conflicting labels, empty ones, changed counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.intake import Taken
from common.pilot import Progress, silent
from healthcare import doctor_twins as twins
from healthcare.doctor_counts import against, published
from healthcare.doctor_outliers import far_off
from healthcare.doctor_problems import Findings, Problem, places
from healthcare.pictures import Pictures, read_pictures

MOST_LISTED = 200
"""Twins that are listed one by one; beyond them only their number is told."""
_RARE = 20
"""How many times rarer a class may be than the most frequent one before it is said."""
_ACROSS = "leave it in one part only, or the score on the other says nothing"


def check_pictures(taken: Taken, *, classes: tuple[str, ...] = (), progress: Progress = silent) -> Findings:
    """Look at a MedMNIST-style npz.

    Args:
        taken: the file.
        classes: their names, in the order of their numbers.
        progress: told how far it is.
    """
    progress(0.02, "reading the pictures")
    pictures = read_pictures(taken, classes=classes)
    original = published(pictures, taken.name)
    rows = [f"{split}[{row}]" for split in pictures.images for row in range(len(pictures.images[split]))]
    labels = np.concatenate([pictures.labels[split] for split in pictures.images])
    progress(0.1, "looking for the same picture")
    problems = _twins(pictures, rows, labels, progress)
    progress(0.9, "looking at brightness and classes")
    problems += _values(pictures, rows) + _classes(pictures)
    held = f"{len(rows):,} {'volumes' if pictures.is_volume else 'pictures'} in {len(pictures.images)} parts"
    if original is not None:
        problems += against(pictures, original)
        held += f", taken for {original.name}"
    return Findings(held, problems, {"overview": _overview(pictures)}, pictures.sha256)


def _twins(
    pictures: Pictures, rows: list[str], labels: NDArray[np.int64], progress: Progress
) -> list[Problem]:
    parts = [split for split, images in pictures.images.items() for _ in images]
    groups = twins.exact([twins.content(one) for images in pictures.images.values() for one in images])
    problems = [_same(group, rows, parts, labels, pictures.classes) for group in groups]
    copies = {number for group in groups for number in group[1:]}
    kept = np.array([number for number in range(len(rows)) if number not in copies])
    thumbnails = np.concatenate([_thumbnails(pictures, split) for split in pictures.images])
    found = twins.near(thumbnails[kept], lambda done, words: progress(0.15 + 0.7 * done, words))
    for pair in found[:MOST_LISTED]:
        one, other = int(kept[pair.first]), int(kept[pair.second])
        across, conflict = parts[one] != parts[other], labels[one] != labels[other]
        change = " mirrored" * pair.mirrored + " inverted" * pair.inverted
        what = f"two pictures show nearly the same{change} (gradients correlate at {pair.alike:.3f})"
        if conflict:
            what += f", labelled {pictures.classes[labels[one]]} and {pictures.classes[labels[other]]}"
        kind = "conflicting labels" if conflict else "near twins" + " across parts" * across
        mend = "look at both; leave one where they are one picture"
        problems.append(Problem("warning", kind, what, f"{rows[one]}, {rows[other]}", mend))
    if len(found) > MOST_LISTED:
        what = f"{len(found) - MOST_LISTED:,} more pairs show nearly the same"
        mend = "look at some of them: in data as alike as these it may be their nature"
        problems.append(Problem("warning", "near twins", what, "all parts", mend))
    if len(kept) > twins.MOST_FLIPPED:
        what = "there are too many pictures to look for mirrored twins"
        problems.append(Problem("note", "not looked for", what, "all parts", "check a part of them"))
    return problems


def _same(
    group: list[int], rows: list[str], parts: list[str], labels: NDArray[np.int64], classes: tuple[str, ...]
) -> Problem:
    where = places([rows[number] for number in group])
    held = list(dict.fromkeys(parts[number] for number in group))
    given = sorted({int(labels[number]) for number in group})
    if len(given) > 1:
        what = f"the same picture is labelled {' and '.join(classes[one] for one in given)}"
        mend = "find out which label is right, and leave the picture once"
        return Problem("error", "conflicting labels", what, where, mend)
    if len(held) > 1:
        what = f"the same picture stands in {' and '.join(held)}"
        return Problem("error", "twins across parts", what, where, _ACROSS)
    what = f"the same picture stands {len(group)} times in {held[0]}"
    return Problem(
        "warning", "twins within a part", what, where, "leave it once, or know that it weighs more"
    )


def _thumbnails(pictures: Pictures, split: str) -> NDArray[Any]:
    images = pictures.images[split]
    side = twins.SIDE_VOLUME if pictures.is_volume else twins.SIDE_PICTURE
    if not pictures.is_colour and set(images.shape[1:]) == {side}:
        return images
    grey = (one.mean(axis=-1) if pictures.is_colour else one for one in images)
    return twins.stacked(grey, side)


def _values(pictures: Pictures, rows: list[str]) -> list[Problem]:
    means: list[float] = []
    spreads: list[float] = []
    empty: list[str] = []
    problems = []
    for images in pictures.images.values():
        for one in images:
            if one.min() == one.max():
                empty.append(rows[len(means)])
            means.append(float(one.mean()))
            spreads.append(float(one.std()))
    if empty:
        what = f"{len(empty)} pictures have one value everywhere"
        problems.append(Problem("error", "empty pictures", what, places(empty), "take them out"))
    far = sorted(set(far_off(means, floor=1)) | set(far_off(spreads, floor=1)))
    if odd := [rows[number] for number in far if rows[number] not in empty]:
        what = f"{len(odd)} pictures are far darker, brighter, flatter or harsher than the rest"
        mend = "look at them before training"
        problems.append(Problem("note", "unusual brightness", what, places(odd), mend))
    return problems


def _classes(pictures: Pictures) -> list[Problem]:
    problems = []
    for split in pictures.labels:
        counts = pictures.counts(split)
        for number, name in enumerate(pictures.classes):
            if not counts[number]:
                what, mend = (
                    f"there is no picture of {name}",
                    "divide the pictures anew, or leave the class out",
                )
                problems.append(Problem("warning", "missing classes", what, split, mend))
            elif split == "train" and counts[number] * _RARE < counts.max():
                what = f"{name} has {counts[number]:,} pictures, {counts.max() / counts[number]:.0f} times"
                what += " fewer than the most frequent class"
                mend = "weigh the classes, and look at its own sensitivity"
                problems.append(Problem("note", "rare classes", what, split, mend))
    return problems


def _overview(pictures: Pictures) -> Any:
    import pandas as pd

    lines = []
    for split, labels in pictures.labels.items():
        for number, name in enumerate(pictures.classes):
            count = int(pictures.counts(split)[number])
            lines.append({"part": split, "class": name, "pictures": count, "share": count / len(labels)})
    return pd.DataFrame(lines)
