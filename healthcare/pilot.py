"""The healthcare pilot as the CLI and the app know it; nothing heavy is imported before it is needed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from common.pilot import Progress, Result, silent
from common.training import options as training_options
from healthcare.burned_in import box

if TYPE_CHECKING:
    from pydicom import Dataset

    from healthcare.data import Scan
    from healthcare.diagnose import Model

READ, LOOKED, WRITTEN = 0.08, 0.9, 1.0
"""Shares of a run that are done when the scan is read, looked at, and all is written."""


def share(words: str) -> float:
    """A share between 0 and 1, as 0.9 or 90%.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        value = float(words.removesuffix("%")) / (100 if words.endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"'{words}' is no share between 0 and 1")
    return value


def read_input(options: argparse.Namespace) -> tuple[Scan, list[Dataset]]:
    """The scan that the options name, or the embedded sample; with its de-identified files where it is DICOM.

    Those files are read only where something is to be written, as exports refer to them.
    """
    if options.input is None:
        from healthcare.sample import load_scan

        return load_scan(), []
    from common.intake import take
    from common.intake.kinds import DICOM, SCANS
    from healthcare.burned_in import covered
    from healthcare.data import read_scan
    from healthcare.naming import called

    with called(options.input, "the scan"):
        taken = take(options.input, SCANS)
    scan = read_scan(taken, series=options.series)
    sources: list[Dataset] = []
    if taken.kind == DICOM and options.output is not None:
        from healthcare.deidentify import deidentified

        sources = deidentified(taken, series=options.series)
    return covered(scan, options.mask_box), sources


def read_model(options: argparse.Namespace) -> Model:
    """The model that the options name, or the embedded one; `--fast` looks at no mirrored views."""
    from dataclasses import replace

    from healthcare.model import Segmenter, open_model

    if options.model is None:
        from healthcare.sample import load_model

        model: Model = load_model()
    else:
        model = open_model(options.model)
    if options.fast and isinstance(model, Segmenter):
        return replace(model, mirrored=False)
    return model


class HealthcarePilot:
    """Medical-scan analysis for clinicians and data scientists; research use."""

    name = "healthcare"
    title = "Medical-scan analysis"
    summary = "Scans in; outlines, volumes and classes with calibrated confidence out. For research only."

    def add_run_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots run healthcare`."""
        group = parser.add_argument_group("input")
        which = group.add_mutually_exclusive_group()
        which.add_argument(
            "--input", type=Path, metavar="PATH", help="DICOM file, folder or zip; NIfTI; PNG or JPEG"
        )
        which.add_argument("--sample", action="store_true", help="the embedded sample (also without --input)")
        group.add_argument(
            "--series", default="", metavar="N", help="which series of a study; default: the largest"
        )
        group.add_argument(
            "--mask-box",
            type=box,
            action="append",
            default=[],
            metavar="R0,R1,C0,C1",
            help="cover these rows and columns of every slice, where names are written; repeatable",
        )
        group = parser.add_argument_group("model")
        group.add_argument(
            "--model", type=Path, metavar="FOLDER", help="a stored model or run; default: the embedded one"
        )
        group.add_argument(
            "--coverage",
            type=share,
            default=0.9,
            metavar="SHARE",
            help="how often the set of classes shall hold the truth",
        )
        group.add_argument(
            "--fast",
            "--no-flips",
            dest="fast",
            action="store_true",
            help="do not look at mirrored views: a few times faster, a little less accurate",
        )
        group = parser.add_argument_group("output")
        group.add_argument(
            "--output",
            type=Path,
            metavar="FOLDER",
            help="write report (HTML, PDF), mask (NIfTI, DICOM-SEG), tables and result",
        )

    def run(self, options: argparse.Namespace, progress: Progress = silent) -> Result:
        """Look at a scan, and write what `--output` asks for."""
        progress(0.0, "reading the scan")
        scan, sources = read_input(options)
        progress(READ / 2, "opening the model")
        model = read_model(options)
        from healthcare.diagnose import diagnose

        def looked(fraction: float, words: str) -> None:
            progress(READ + fraction * (LOOKED - READ), words)

        settings = {"fast": options.fast, "boxes": len(options.mask_box)}
        finding = diagnose(scan, model, coverage=options.coverage, progress=looked, settings=settings)
        if options.output:
            progress(LOOKED, "writing report and exports")
            from healthcare.cards import model_card
            from healthcare.report import write_all

            # The folder says more than the card in it: what held-out cases taught, and the reliability curve.
            card = model_card(options.model) if options.model else model.card
            write_all(finding, options.output, card=card, sources=sources)
        progress(WRITTEN, "done")
        return finding

    def add_train_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots train healthcare`."""
        group = parser.add_argument_group("data")
        which = group.add_mutually_exclusive_group()
        which.add_argument(
            "--data",
            type=Path,
            metavar="PATH",
            help="folder with imagesTr and labelsTr (volumes), or a MedMNIST npz (classes)",
        )
        which.add_argument(
            "--sample", action="store_true", help="the embedded model's own training (also without --data)"
        )
        group.add_argument("--fold", type=int, metavar="K", help="leave out this fold, from 0; default: none")
        group.add_argument("--folds", type=int, default=5, metavar="N", help="folds, divided by patient")
        group = parser.add_argument_group("training")
        group.add_argument(
            "--minutes", type=float, metavar="MIN", help="time for volumes, reading included; default: 20"
        )
        group.add_argument("--epochs", type=int, metavar="N", help="passes over the data; default: by time")
        training_options.add_arguments(group)
        group.add_argument("--seed", type=int, metavar="N", default=1, help="seed of everything random")

    def train(self, options: argparse.Namespace, progress: Progress = silent) -> Path:
        """Train a model on the training core; return the run folder, with model card and data card."""
        from healthcare.train_command import train

        return train(options, progress)

    def add_evaluate_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots evaluate healthcare`."""
        parser.add_argument("--model", type=Path, metavar="FOLDER", help="a stored model or run folder")
        parser.add_argument(
            "--data",
            type=Path,
            metavar="PATH",
            help="folder with imagesTr and labelsTr, or a MedMNIST npz",
        )
        parser.add_argument("--output", type=Path, metavar="FOLDER", help="write the tables here")

    def evaluate(self, options: argparse.Namespace, progress: Progress = silent) -> Result:
        """Score a model on scans with an expert's answer, beside plain baselines."""
        from common.errors import DataError
        from healthcare.evaluate import evaluate

        if options.model is None or options.data is None:
            raise DataError(
                "a model and data are needed to score one on the other",
                mend="name them: --model RUN --data PATH",
            )
        result = evaluate(options.model, options.data, progress=progress)
        if options.output:
            from common.results import write_result

            write_result(result, options.output)
        return result

    def add_check_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots check healthcare`."""
        parser.add_argument(
            "data",
            type=Path,
            metavar="PATH",
            help="folder with imagesTr and labelsTr, MedMNIST npz, DICOM study, or folder of scans",
        )
        parser.add_argument(
            "--classes", nargs="+", default=(), metavar="NAME", help="of an npz, from label 0 on"
        )
        parser.add_argument("--output", type=Path, metavar="FOLDER", help="write the tables here")

    def check(self, options: argparse.Namespace, progress: Progress = silent) -> Result:
        """The data doctor: duplicates, conflicting labels and mismatched geometry, before anyone trains."""
        from healthcare.doctor import check, write

        result = check(options.data, classes=options.classes, progress=progress)
        if options.output:
            write(result, options.output)
        return result

    def doctor(self) -> Sequence[tuple[str, bool, str]]:
        """Which libraries the pilot finds."""
        wanted = (
            ("monai", "networks and transforms"),
            ("nibabel", "NIfTI"),
            ("pydicom", "DICOM"),
            ("PIL", "pictures"),
            ("dicomanonymizer", "de-identification"),
            ("highdicom", "DICOM segmentations and reports"),
            ("pynetdicom", "PACS, by DIMSE"),
            ("dicomweb_client", "PACS, by DICOMweb"),
            ("fpdf", "the report as PDF"),
            ("nilearn", "the template that the sample is made of"),
        )
        return [
            (
                f"{purpose} ({module})",
                util.find_spec(module) is not None,
                "pip install 'sector-pilots[healthcare]'",
            )
            for module, purpose in wanted
        ]


PILOT = HealthcarePilot()
