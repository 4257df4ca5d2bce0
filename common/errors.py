"""Errors that a user can act on: what is wrong, where, and how to mend it, in one sentence each."""

from __future__ import annotations


class PilotError(Exception):
    """Something a user can mend. Its text is one line, free of tracebacks and of personal data.

    Args:
        what: what is wrong, as a short clause ("the column 'kWh' holds words").
        where: file, row, column or feature ("load.csv, row 3").
        mend: what to do about it ("write numbers only, or leave the cell empty").
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what, where, mend)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.mend}." if self.mend else f"{text}."


class IntakeError(PilotError):
    """A file from outside cannot be taken in."""

    exit_code = 3


class DataError(PilotError):
    """A file was read but its content does not make sense."""

    exit_code = 4


class StoreError(PilotError):
    """A stored model or run is missing, damaged, or cannot be written."""

    exit_code = 5


class TrainingError(PilotError):
    """A training run cannot start or go on."""

    exit_code = 6


class MissingExtraError(PilotError):
    """An optional library is not installed; the message holds the command that installs it."""

    exit_code = 7

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"this needs {library}, which is not installed",
            mend=f"run: python -m pip install 'sector-pilots[{extra}]'",
        )
