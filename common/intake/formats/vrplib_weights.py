"""Distances that a VRPLIB file writes out, in each of its triangular forms, as one square matrix."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from common.errors import DataError, IntakeError
from common.intake.formats.vrplib_sections import Floats, Text

MAX_MATRIX = 5_000
"""Nodes; the matrix then takes 200 MB."""
_TRIANGLES = {
    # row by row or column by column of which triangle, with or without the diagonal
    "LOWER_ROW": (False, True), "UPPER_COL": (False, True),
    "LOWER_DIAG_ROW": (True, True), "UPPER_DIAG_COL": (True, True),
    "UPPER_ROW": (False, False), "LOWER_COL": (False, False),
    "UPPER_DIAG_ROW": (True, False), "LOWER_DIAG_COL": (True, False),
}  # fmt: skip
FORMATS = ("FULL_MATRIX", *_TRIANGLES)
_SECTION = "EDGE_WEIGHT_SECTION"
_PLAIN = str.maketrans("", "", "0123456789+-.eE")


def matrix(text: Text, count: int, notes: list[str]) -> Floats:
    """The matrix of shape (count, count), from row to column.

    Raises:
        DataError: the form is not known, a value is missing, too much, no number or negative.
        IntakeError: it is too large.
    """
    if "EDGE_WEIGHT" not in text.sections:
        raise DataError(f"{_SECTION} is missing", where=text.name, mend="write the distances into it")
    form = text.fields.get("EDGE_WEIGHT_FORMAT", ("", 0))[0].upper()
    if form not in FORMATS:
        said = f"EDGE_WEIGHT_FORMAT is '{form[:40]}'" if form else "EDGE_WEIGHT_FORMAT is missing"
        raise DataError(said, where=text.name, mend="write FULL_MATRIX or LOWER_ROW")
    if count > MAX_MATRIX:
        raise IntakeError(
            f"a matrix of {count:,} nodes is declared, more than {MAX_MATRIX:,}",
            where=text.name,
            mend="bring coordinates",
        )
    if form == "LOWER_ROW" and "EILON" in text.fields.get("COMMENT", ("", 0))[0].upper():
        # These old instances state the wrong form; every solver knows them as columns.
        form = "LOWER_COL"
        notes.append(
            "its distances were read column by column, as in all instances of Christofides and Eilon"
        )
    flat = np.empty(_needed(form, count))
    filled = 0
    for values, line in _rows(text):
        if filled + len(values) > len(flat):
            raise DataError(
                f"{_SECTION} has more than the {len(flat):,} values of {form} for {count:,} nodes",
                where=text.at(line),
                mend="check DIMENSION and EDGE_WEIGHT_FORMAT",
            )
        if len(values) and values.min() < 0:
            raise DataError("a distance is negative", where=text.at(line), mend="write 0 or more")
        flat[filled : filled + len(values)] = values
        filled += len(values)
    if filled < len(flat):
        raise IntakeError(
            f"{_SECTION} has {filled:,} of the {len(flat):,} values of {form} for {count:,} nodes",
            where=text.at(text.starts["EDGE_WEIGHT"]),
            mend="it is cut off, or check DIMENSION and EDGE_WEIGHT_FORMAT",
        )
    return _square(flat, form, count)


def _needed(form: str, count: int) -> int:
    if form == "FULL_MATRIX":
        return count * count
    return count * (count + 1) // 2 if _TRIANGLES[form][0] else count * (count - 1) // 2


def _rows(text: Text) -> Iterator[tuple[Floats, int]]:
    for line in text.sections["EDGE_WEIGHT"]:
        try:
            # float() takes nan, inf and 1_000 as well; such words go the slow way, which names them.
            if "".join(line.words).translate(_PLAIN):
                raise ValueError
            values = np.array(line.words, dtype=np.float64)
            if not np.abs(values).max() <= 1e12:
                raise ValueError
        except ValueError:
            values = np.array(text.row(line, len(line.words), _SECTION))
        yield values, line.number


def _square(flat: Floats, form: str, count: int) -> Floats:
    if form == "FULL_MATRIX":
        return flat.reshape(count, count)
    has_diagonal, is_lower = _TRIANGLES[form]
    shift = 0 if has_diagonal else 1
    mask = np.tri(count, k=-shift, dtype=bool)
    made = np.zeros((count, count))
    made[mask if is_lower else mask.T] = flat
    return np.maximum(made, made.T)
