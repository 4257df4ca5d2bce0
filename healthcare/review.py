"""A person has the last word: accept, correct or reject a finding; what is corrected teaches the next model.

Decisions are kept by the finding's own hash, corrections as a training folder (volumes in the Decathlon's
layout, pictures as npz) that `pilots train healthcare --data` reads. The audit log gets the decision and
hashes: no identity, no pixel, no free text. Open findings are listed most doubtful first (uncertainty
sampling, Lewis and Gale 1994), so that an expert's time goes where it teaches most.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from common import audit, home
from common.audited import code_version
from common.errors import DataError, PilotError, StoreError
from common.results import FOLDER as RESULT
from common.results import read_result
from common.store import MANIFEST, atomic_write, writing

if TYPE_CHECKING:
    from common.pilot import Result
    from healthcare.data import Array, Scan
    from healthcare.finding import Label

Verdict = Literal["accept", "correct", "reject"]
REASONS: Mapping[str, str] = {
    "edge": "the edge is not where it should be",
    "missed": "something was missed",
    "too-much": "something was outlined that is not there",
    "wrong-class": "the class is wrong",
    "unfit-scan": "the scan is not fit for this",
    "other": "another reason",
}
"""Why a finding was corrected or rejected: one word for the log, and what it means."""
DECISIONS, CORRECTIONS, DESCRIPTION = "decisions", "corrections", "dataset.json"
KEY_LETTERS = 32
CASE_LETTERS = 16
_NOTE = 500


@dataclass(frozen=True)
class Decision:
    """What a person decided on a finding.

    Attributes:
        verdict: accept, correct or reject.
        reason: key of REASONS, "" for an accepted one.
        note: what else was said, for colleagues; stays on this machine, and never reaches the audit log.
        finding_sha256: of the finding's manifest.
        input_sha256, model_sha256: what was looked at, and by which model.
        correction_sha256: of the corrected mask's voxels, or of the name of the right class; "" without one.
        made_at_utc: ISO 8601.
    """

    verdict: Verdict
    reason: str
    note: str
    finding_sha256: str
    input_sha256: str
    model_sha256: str
    correction_sha256: str
    made_at_utc: str


@dataclass(frozen=True)
class Waiting:
    """A finding that nobody has decided on.

    Attributes:
        folder: where it was written.
        doubt: how unsure the model is, in [0, 1].
        flagged: whether the model asks for an expert.
    """

    folder: Path
    doubt: float
    flagged: bool


def key_of(folder: Path) -> str:
    """Sha256 of a finding's manifest, which holds the hashes of all its files.

    Raises:
        StoreError: there is no finding.
    """
    try:
        return hashlib.sha256((folder / RESULT / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise StoreError("there is no complete finding here", mend="run it again") from error


def decision_on(folder: Path) -> Decision | None:
    """What was decided last on a finding, None where nothing was.

    Raises:
        StoreError: there is no finding, or the decision on it cannot be read.
    """
    path = _root() / DECISIONS / f"{key_of(folder)[:KEY_LETTERS]}.json"
    try:
        return Decision(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise StoreError("the decision on this finding cannot be read", mend="decide anew") from error


def decide(
    folder: Path,
    verdict: Verdict,
    *,
    reason: str = "",
    note: str = "",
    corrected: Path | None = None,
    right_class: str = "",
    scan: Scan | None = None,
    labels: Sequence[Label] = (),
) -> Decision:
    """Keep a person's decision on a finding, and say so in the audit log.

    Args:
        folder: where the finding was written.
        verdict: accept, correct or reject.
        reason: key of REASONS; needed unless accepted.
        note: free text for colleagues, at most 500 letters.
        corrected: the right mask, NIfTI or DICOM Segmentation on the scan's grid.
        right_class: the right class, for a picture that was sorted.
        scan: what was looked at; needed to correct.
        labels: the model's structures, or its classes as labels numbered from 1.

    Raises:
        DataError: the reason is none, or a correction is missing, or does not lie on the scan.
        IntakeError: the corrected mask is refused.
        StoreError: there is no finding, or it cannot be kept.
    """
    if verdict not in get_args(Verdict):
        raise DataError(f"'{verdict}' is no decision", mend=f"choose one of: {', '.join(get_args(Verdict))}")
    if verdict != "accept" and reason not in REASONS:
        raise DataError("a reason is missing", mend=f"choose one of: {', '.join(REASONS)}")
    result, key = read_result(folder), key_of(folder)
    correction = ""
    if verdict == "correct":
        if scan is None or (corrected is None and not right_class):
            raise DataError(
                "a correction needs the right mask or class", mend="bring a corrected mask, or choose a class"
            )
        correction = _keep(scan, labels, corrected, right_class)
    decision = Decision(
        verdict=verdict,
        reason="" if verdict == "accept" else reason,
        note=note.strip()[:_NOTE],
        finding_sha256=key,
        input_sha256=str(result.provenance.get("input_sha256", "")),
        model_sha256=str(result.provenance.get("model_sha256", "")),
        correction_sha256=correction,
        made_at_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    path = _root() / DECISIONS / f"{key[:KEY_LETTERS]}.json"
    atomic_write(path, json.dumps(asdict(decision), indent=1))
    audit.append(
        audit.Entry(
            pilot="healthcare",
            action=verdict,
            outcome="done",
            exit_code=0,
            inputs=[decision.input_sha256] if decision.input_sha256 else [],
            data=[part for part in (key, correction) if part],
            model=decision.model_sha256,
            code=code_version(),
            reason=decision.reason,
        )
    )
    return decision


def queue(folders: Iterable[Path]) -> list[Waiting]:
    """Findings that nobody has decided on: those that ask for an expert first, then the most doubtful.

    Folders without a readable finding are passed over: there is nothing to decide on.
    """
    found = []
    for folder in folders:
        try:
            if decision_on(folder) is not None:
                continue
            result = read_result(folder)
        except PilotError:
            continue
        asks = bool(result.numbers.get("flagged") or result.numbers.get("unsure"))
        found.append(Waiting(folder, doubt_of(result), asks))
    return sorted(found, key=lambda one: (not one.flagged, -one.doubt))


def doubt_of(result: Result) -> float:
    """How unsure a finding is: 1 less the Dice expected or the likeliest class; 1 where neither is known."""
    expected = result.numbers.get("expected_dice")
    if isinstance(expected, float | int):
        return 1.0 - float(expected)
    shares = [
        float(value)
        for name, value in result.numbers.items()
        if name.startswith("probability_") and isinstance(value, float | int)
    ]
    return 1.0 - max(shares) if shares else 1.0


def corrections(labels: Sequence[Label]) -> Path:
    """Folder of what was corrected for models of these labels; it may not be there yet."""
    names = json.dumps([(label.value, label.name) for label in labels])
    return _root() / CORRECTIONS / hashlib.sha256(names.encode()).hexdigest()[:CASE_LETTERS]


def _root() -> Path:
    return home.folder() / "healthcare"


def _keep(scan: Scan, labels: Sequence[Label], corrected: Path | None, right_class: str) -> str:
    """Store a correction as training data; its hash."""
    if corrected is not None:
        from healthcare.dicom_seg_reader import corrected_mask

        mask = corrected_mask(corrected, scan, labels)
        _keep_volume(scan, mask, labels)
        return hashlib.sha256(mask.tobytes()).hexdigest()
    by_name = {label.name: label.value - 1 for label in labels}
    if right_class not in by_name:
        raise DataError("the model knows no such class", mend=f"choose one of: {', '.join(by_name)}")
    _keep_picture(scan, by_name[right_class], labels)
    return hashlib.sha256(right_class.encode()).hexdigest()


def _keep_volume(scan: Scan, mask: Array, labels: Sequence[Label]) -> None:
    """A case of a training folder, named by its content: a scan that is corrected again replaces itself."""
    from healthcare.exports import nifti_bytes

    folder = corrections(labels)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    assert scan.affine is not None
    name = f"case_{_case(scan)}.nii.gz"
    with writing(folder / "set"):
        # The mask first: an image without one would stand in the way of training.
        atomic_write(folder / "labelsTr" / name, nifti_bytes(mask, scan.affine))
        atomic_write(folder / "imagesTr" / name, nifti_bytes(scan.array, scan.affine))
        names = sorted(path.name for path in (folder / "imagesTr").glob("case_*.nii.gz"))
        described: dict[str, Any] = {
            "name": "corrected outlines",
            "labels": {"0": "background"} | {str(label.value): label.name for label in labels},
            "modality": {"0": scan.modality or "unknown"},
            "numTraining": len(names),
            "training": [{"image": f"./imagesTr/{n}", "label": f"./labelsTr/{n}"} for n in names],
        }
        atomic_write(folder / DESCRIPTION, json.dumps(described, indent=1))


def _keep_picture(scan: Scan, number: int, classes: Sequence[Label]) -> None:
    """A row of the npz of pictures of this size; a picture that is corrected again replaces itself."""
    import io

    import numpy as np

    from common.intake import take
    from common.intake.kinds import NPZ

    folder = corrections(classes)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"pictures-{'x'.join(map(str, scan.array.shape))}.npz"
    with writing(folder / "set"):
        images, numbers = np.empty((0, *scan.array.shape), scan.array.dtype), np.empty((0, 1), np.int64)
        if path.exists():
            held = take(path, (NPZ,)).parse().arrays
            images, numbers = held["train_images"], held["train_labels"]
        same = [i for i, image in enumerate(images) if np.array_equal(image, scan.array)]
        kept = np.delete(np.arange(len(images)), same)
        out = io.BytesIO()
        np.savez_compressed(
            out,
            train_images=np.concatenate([images[kept], scan.array[None]]),
            train_labels=np.concatenate([numbers[kept], [[number]]]),
        )
        atomic_write(path, out.getvalue())


def _case(scan: Scan) -> str:
    return hashlib.sha256(scan.array.tobytes()).hexdigest()[:CASE_LETTERS]
