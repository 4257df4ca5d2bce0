"""What a pilot is, what it returns, and how installed pilots are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from common.errors import PilotError

if TYPE_CHECKING:
    import argparse

    import pandas as pd

ENTRY_POINT_GROUP = "sector_pilots"

Progress = Callable[[float, str], None]
"""Called with the fraction done in [0, 1] and a few words on what is going on."""


def silent(fraction: float, words: str) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Result:
    """What a pilot's main job returns; `<sector>.report` renders it, the CLI and the app show it.

    Attributes:
        summary: the finding in a few sentences, for people.
        tables: named tables; columns carry units in their names, times carry their zone.
        numbers: named figures for machines (`--json`), units in the names.
        warnings: what a careful reader should know before using the result.
        provenance: input hash, model, versions, settings, time made (UTC); no personal data.
        shown: names of the tables short enough to print on a terminal, in the order of interest.
    """

    summary: str
    tables: Mapping[str, pd.DataFrame]
    numbers: Mapping[str, float | int | str | None] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    shown: Sequence[str] = ()


@runtime_checkable
class Pilot(Protocol):
    """One sector's pilot. The CLI and the app know pilots only through this.

    `name` is the import package, `title` and `summary` are for people. `add_*_arguments` declare the
    pilot's own options on an argparse parser without importing anything heavy; `run`, `train` and
    `evaluate` take the parsed options.

    A pilot may have two methods more, with which `pilots check <name> PATH` looks at training data before
    anyone trains on them; the command says so where they are missing:

        def add_check_arguments(self, parser: argparse.ArgumentParser) -> None
        def check(self, options: argparse.Namespace, progress: Progress = silent) -> Result
    """

    name: str
    title: str
    summary: str

    def add_run_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots run <name>`."""

    def run(self, options: argparse.Namespace, progress: Progress = silent) -> Result:
        """Do the main job: read, compute, write the outputs that the options ask for."""

    def add_train_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots train <name>`."""

    def train(self, options: argparse.Namespace, progress: Progress = silent) -> Path:
        """Train a model and return the run folder."""

    def add_evaluate_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots evaluate <name>`."""

    def evaluate(self, options: argparse.Namespace, progress: Progress = silent) -> Result:
        """Score against truth beside the baselines."""

    def doctor(self) -> Sequence[tuple[str, bool, str]]:
        """What this pilot needs: (what, is it there, how to mend it)."""


def names() -> list[str]:
    """Names of the installed pilots, without importing them."""
    return sorted({point.name for point in metadata.entry_points(group=ENTRY_POINT_GROUP)})


def load(name: str) -> Pilot:
    """Import one pilot by name.

    Raises:
        PilotError: no installed pilot has this name.
    """
    for point in metadata.entry_points(group=ENTRY_POINT_GROUP):
        if point.name == name:
            pilot: Pilot = point.load()
            return pilot
    raise PilotError(f"there is no pilot called '{name}'", mend=f"choose one of: {', '.join(names())}")
