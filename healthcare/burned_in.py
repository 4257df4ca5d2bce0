"""Writing in the picture itself: a box over it, in every slice, before anything looks at the scan."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from common.errors import DataError

if TYPE_CHECKING:
    from healthcare.data import Scan


class Box(NamedTuple):
    """Rows and columns of a picture, from the top left corner; the ends are not in it."""

    row_0: int
    row_1: int
    column_0: int
    column_1: int


def box(words: str) -> Box:
    """A box as it is written on the command line, "0,40,0,200".

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        ends = [int(part) for part in words.split(",")]
    except ValueError:
        ends = []
    if len(ends) != 4 or min(ends) < 0 or ends[1] <= ends[0] or ends[3] <= ends[2]:
        raise argparse.ArgumentTypeError(
            "four numbers are needed: first row, end row, first column, end column"
        )
    return Box(*ends)


def covered(scan: Scan, boxes: Sequence[Box]) -> Scan:
    """The scan with its least value inside the boxes.

    Of a volume, rows and columns are those of its slices as they are stored: its second and first axis.

    Raises:
        DataError: a box lies outside the picture.
    """
    if not boxes:
        return scan
    array = scan.array.copy(order="K")
    first, second = (1, 0) if scan.is_volume else (0, 1)
    rows, columns = array.shape[first], array.shape[second]
    for one in boxes:
        if one.row_1 > rows or one.column_1 > columns:
            raise DataError(
                f"the box ends at row {one.row_1} and column {one.column_1},"
                f" and a slice has {rows} rows and {columns} columns",
                mend="give a box that lies in it",
            )
        part = [slice(None)] * array.ndim
        part[first] = slice(one.row_0, one.row_1)
        part[second] = slice(one.column_0, one.column_1)
        array[tuple(part)] = array.min()
    note = "a box was laid over writing in the picture; what was under it is not seen"
    return replace(scan, array=array, notes=(*scan.notes, note))
