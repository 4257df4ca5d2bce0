"""`pilots check FILE`: what a file is, whether the door lets it in, and what stands in it.

What a pilot makes of its training data is another matter: see `common.pilot.Pilot`.

A table is looked at more strictly than a pilot does, which picks its columns: a column whose name carries a
unit, or that holds numbers for the most part, must hold numbers alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import DataError
from common.exports import FORMULA_STARTS
from common.intake import take
from common.intake.kinds import FIELDS, KINDS, MODELS, OFFERED, TABLES

if TYPE_CHECKING:
    from common.dialect import Stated
    from common.intake import Taken
    from common.tables import Table

_MEASURED = re.compile(
    r"(?:^|[\s_\-(\[])(?:[kMG]?Wh?|[kM]?V|A|°C|degC|kg|t|kg/ha|t/ha|q/ha|ha|m|km|cm|mm|s|min|h|%|€|EUR|l|m3)[)\]]?$"
)
_FORMULA = f"^[{re.escape(''.join(FORMULA_STARTS))}]"


@dataclass(frozen=True)
class Checked:
    """What was found in a file that came in.

    Attributes:
        name: the file's name as it may be shown.
        kind: what it is, see `common.intake.kinds`.
        words: the kind in words.
        sha256, size_bytes: of its content.
        facts: what stands in it, fit for JSON, units in the names.
        notes: what was repaired or looks odd, one sentence each.
    """

    name: str
    kind: str
    words: str
    sha256: str
    size_bytes: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


def check(
    path: Path | str, *, stated: Stated | None = None, region: Sequence[float] | None = None
) -> Checked:
    """Let a file in and look at all of it.

    Args:
        path: a file, or the folder of a DICOM study or Zarr store.
        stated: how a table is written, where that is known.
        region: west, south, east and north in degrees, in which a field is expected; None: Europe.

    Raises:
        PilotError: it is refused, damaged, or makes no sense.
    """
    taken = take(path, tuple(KINDS))
    facts, notes = _table(taken, stated) if taken.kind in TABLES else _parcel(taken, region)
    if taken.kind in MODELS:
        notes = [*notes, "part of a model: a whole model comes in by `pilots store import`"]
    elif taken.kind not in OFFERED:
        notes = [*notes, "no pilot takes this kind of file"]
    return Checked(
        taken.name, taken.kind, KINDS[taken.kind].words, taken.sha256, taken.size_bytes, facts, notes
    )


def _parcel(taken: Taken, region: Sequence[float] | None) -> tuple[dict[str, Any], list[str]]:
    options: dict[str, Any] = {"region": list(region)} if region and taken.kind in FIELDS else {}
    parcel = taken.parse(**options)
    return dict(parcel.facts), list(parcel.notes)


def _table(taken: Taken, stated: Stated | None) -> tuple[dict[str, Any], list[str]]:
    from common.dialect import Stated
    from common.tables import read_table

    table = read_table(taken, stated or Stated())
    notes, columns = list(table.notes), []
    for name in table.names:
        fact, said = _column(table, name)
        columns.append(fact)
        notes += said
    return {"rows": len(table.rows), "written": table.dialect.words, "columns": columns}, notes


def _column(table: Table, name: str) -> tuple[dict[str, Any], list[str]]:
    """Facts of one column, and notes on it.

    Raises:
        DataError: words among its numbers, or numbers that can be read in two ways.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from common import dates, numerals

    column = table.column(name)
    if pa.types.is_string(column.type):
        empty = numerals.is_missing(column)
        filled = int((~empty).sum())
        times = dates.parse(column, table.stated.date_order)
        at_rows = times.codes[times.codes >= 0] if filled else times.codes[:0]
        known = times.values[at_rows][~np.isnat(times.values[at_rows])]
        if filled and not times.problem and not len(times.bad):
            notes = []
            if times.unsure:
                notes.append(
                    f"the dates of '{name}' are read as {times.order}; state the order if it is another"
                )
            span = {"first": str(known.min())[:19], "last": str(known.max())[:19], "order": times.order}
            return {"name": name, "holds": "times", "empty": int(empty.sum()), **span}, notes
        if len(known) * 2 > filled:
            at = int(times.bad[0]) if len(times.bad) else 0
            raise DataError(
                times.problem or "the cell holds no date or time that there is",
                where=table.at(name, at),
                mend="write all of the column alike, with days and hours that exist",
            )
        found = numerals.parse(column, table.dialect.decimal, sure=bool(table.stated.decimal))
        numeric = filled - len(found.bad)
        doubtful = len(found.bad) > 0 or bool(found.problem)  # else it is text on purpose: 0012 is no number
        if not (doubtful and (found.problem or _MEASURED.search(name) or numeric * 2 > filled)):
            risky = int(pc.sum(pc.match_substring_regex(column, _FORMULA)).as_py() or 0)
            notes = [f"'{name}' holds text that a spreadsheet would run; exports defuse it"] if risky else []
            return {"name": name, "holds": "text", "empty": int(empty.sum())}, notes
    elif pa.types.is_temporal(column.type):
        return {"name": name, "holds": "times", "empty": int(column.null_count)}, []
    values = table.numbers(name)
    finite = values[np.isfinite(values)]
    fact: dict[str, Any] = {"name": name, "holds": "numbers", "empty": int(np.isnan(values).sum())}
    if len(finite):
        fact |= {"first": float(finite[0]), "last": float(finite[-1])}
        fact |= {"least": float(finite.min()), "most": float(finite.max())}
    return fact, []


def run(path: Path, stated: Stated, region: Sequence[float] | None, as_json: bool) -> int:
    """Print what `check` finds; exit code 0. What is refused is raised."""
    from common.language import chosen, sentence

    found = check(path, stated=stated, region=region)
    if as_json:
        print(json.dumps(vars(found), ensure_ascii=False, default=str))
        return 0
    print(f"{found.name}: {found.words}, {found.size_bytes / 1e6:,.2f} MB, sha256 {found.sha256[:12]}…")
    for name, value in found.facts.items():
        if name == "columns":
            for column in value:
                rest = ", ".join(
                    f"{k} {v}"
                    for k, v in column.items()
                    if k not in ("name", "holds") and (k, v) != ("empty", 0)
                )
                print(f"  {_plain(column['name']):<24} {column['holds']:<8} {_plain(rest)}")
        elif name != "crs_wkt":
            print(f"  {name.replace('_', ' '):<24} {_plain(_rounded(value))}")
    language = chosen()
    for note in found.notes:
        print(f"{'let op' if language == 'nl' else 'note'}: {_plain(sentence(note, language))}")
    return 0


def _rounded(value: Any) -> Any:
    """Numbers with as many digits as people read."""
    if isinstance(value, float):
        return float(f"{value:.8g}")
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def _plain(value: object) -> str:
    """One line without control characters, which a terminal would obey."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = "".join(c if c.isprintable() else "?" for c in text)
    return line if len(line) <= 160 else line[:159] + "…"
