"""Times and load of a table onto one regular grid, with the names of the series and all that was found."""

from __future__ import annotations

import re

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from common.dates import Times
from common.errors import DataError
from common.tables import Table
from energy import checks, clock, placing
from energy.columns import LoadColumn, Roles
from energy.grid import Grid, grid_of
from energy.units import is_energy, kw_factor
from energy.validation import Finding

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MAX_READINGS = 100_000_000
_ASSUMED = "kW"


class Reader:
    """One reading of one table, step by step; what is found on the way is kept."""

    def __init__(self, table: Table, roles: Roles, findings: list[Finding]) -> None:
        self.table, self.roles, self.findings = table, roles, findings
        self.ids, self.names = self._meters()
        self.grid: Grid

    def _meters(self) -> tuple[Ints | None, list[str]]:
        """Number of the meter of each row, and the ids; None where meters stand beside each other."""
        column = self.roles.id or self.roles.path
        if column is None:
            return None, []
        cells = pc.utf8_trim_whitespace(self.table.text(column))
        encoded = pc.dictionary_encode(cells)
        codes = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
        names = [str(name) for name in encoded.dictionary.to_pylist()]
        blank = np.array([name == "" for name in names] + [True])[codes]
        if blank.any():
            at = int(blank.argmax())
            raise DataError("the row names no meter", where=self.table.at(column, at), mend="fill the cell")
        return codes, names

    def place_times(self, zone_name: str, label: str) -> None:
        """Find the grid, and where each row stands on it."""
        zone = clock.zone_of(zone_name)
        times = self.table.times(self.roles.time, self.roles.clock)
        self._check_times(times)
        ends = label == "end" or times.midnight_24
        utc, found = clock.to_utc(times, zone, self.table.rows, ids=self.ids, ends=ends)
        self.findings += found
        self.grid, found = grid_of(utc, self.table.rows, self.table.name)
        self.findings += found
        if times.midnight_24 and label != "end":
            self._find(
                self.roles.time,
                "time label",
                "days run to 24:00, so a time stamps an end",
                "moved to the start",
            )
        known = self.grid.position[self.grid.position >= 0]
        if self.ids is None and len(known) > 1:
            back = int((np.diff(known) < 0).sum())
            if back and back < len(known) - 1:
                row = int(self.table.rows[self.grid.position >= 0][int((np.diff(known) < 0).argmax()) + 1])
                self._find(
                    self.roles.time,
                    "order",
                    "the rows are not in order of time",
                    "sorted",
                    row=row,
                    count=back,
                )

    def _find(self, field: str, kind: str, what: str, done: str, **more: int) -> None:
        self.findings.append(Finding(field, kind, what, done, more.get("row"), more.get("count", 1)))

    def _check_times(self, times: Times) -> None:
        bad, name = times.bad, self.roles.time
        if len(bad):
            cell = str(self.table.text(name)[int(bad[0])].as_py())[:30]
            raise DataError(
                f"'{' '.join(cell.split())}' is no time",
                where=self.table.at(name, int(bad[0])),
                mend="write times alike, such as 2024-02-01 13:30",
            )
        empty = np.flatnonzero(times.codes < 0)
        if len(empty) == len(times.codes):
            raise DataError(f"the column '{name}' is empty", where=self.table.name, mend="fill it with times")
        if len(empty):
            row = int(self.table.rows[empty[0]])
            noun = "row" if len(empty) == 1 else "rows"
            self._find(
                name,
                "missing time",
                f"{len(empty):,} {noun} without a time",
                "left out",
                row=row,
                count=len(empty),
            )
        if times.unsure:
            self._find(
                name,
                "date order",
                "the order of day and month cannot be told from the dates alone",
                f"read as {times.order}",
            )

    def load_kw(self) -> Floats:
        """Load on the grid in kW, shape (time, series); sets the names of the series."""
        columns = self.roles.loads
        series = list(dict.fromkeys(c.series for c in columns))
        if self.ids is not None and len(series) > 1:
            shown = ", ".join(f"'{c.column}'" for c in columns[:5])
            raise DataError(
                f"several columns could be the load: {shown}",
                where=self.table.name,
                mend="name one (--load-columns), as a column of ids tells the meters apart",
            )
        values = np.zeros((len(self.table.rows), len(series)))
        for column in columns:
            values[:, series.index(column.series)] += self._kw(column)
        self._guessed_units(columns)
        if self.ids is None:
            self._refuse_unnamed_meters()
            self.names = series
            kw, found = placing.place(
                values, self.grid.position, len(self.grid.time), self.table.rows, "time"
            )
        else:
            kw, found = self._place_long(values)
        self.findings += found
        unread = int(np.isnan(values).sum())
        if unread:
            row = int(self.table.rows[int(np.isnan(values).any(axis=1).argmax())])
            noun = "reading" if unread == 1 else "readings"
            self._find(
                "load",
                "missing value",
                f"{unread:,} {noun} of load hold no number",
                "left empty",
                row=row,
                count=unread,
            )
        return self._without_empty(kw)

    def _refuse_unnamed_meters(self) -> None:
        known = self.grid.position[self.grid.position >= 0]
        counts = np.bincount(known)
        often = float(np.median(counts[counts > 0]))
        if often > 1:
            raise DataError(
                f"most times occur {often:.0f} times",
                where=self.table.name,
                mend="name the column that tells the meters apart (--id-column)",
            )

    def _kw(self, column: LoadColumn) -> Floats:
        values = self.table.numbers(column.column)
        if not np.isfinite(values).any() and len(self.roles.loads) == 1:
            raise DataError(
                f"the column '{column.column}' holds no number", where=self.table.name, mend="choose another"
            )
        unit = column.unit or _ASSUMED
        if is_energy(unit) and self.ids is None and checks.is_register(values, self.grid.position):
            raise DataError(
                f"the column '{column.column}' only rises, like the register of a meter",
                where=self.table.name,
                mend="bring the energy of each interval, the difference of two readings",
            )
        return values * (kw_factor(unit, self.grid.hours) * (-1 if column.feed_in else 1))

    def _guessed_units(self, columns: tuple[LoadColumn, ...]) -> None:
        guessed = [c.column for c in columns if c.unit is None]
        if guessed:
            field = guessed[0] if len(guessed) == 1 else f"{len(guessed):,} columns"
            self._find(field, "unit", "nothing says in which unit the load is", f"read as {_ASSUMED}")
        energies = sorted({c.unit for c in columns if c.unit and is_energy(c.unit)})
        if energies:
            what = f"the load is energy per interval in {' and '.join(energies)}"
            self._find("load", "unit", what, f"turned into mean power over {clock.words_of(self.grid.step)}")

    def _place_long(self, values: Floats) -> tuple[Floats, list[Finding]]:
        assert self.ids is not None
        size, count = len(self.grid.time), len(self.names)
        if size * count > MAX_READINGS:
            raise DataError(
                f"{count:,} meters over {size:,} times are too many",
                where=self.table.name,
                mend="bring fewer",
            )
        keys = np.where(self.grid.position >= 0, self.grid.position * count + self.ids, -1)
        kw, found = placing.place(values, keys, size * count, self.table.rows, "time")
        kw = kw.reshape(size, count)
        missing = int(np.isnan(kw).sum() - np.isnan(kw).all(axis=1).sum() * count)
        lost = missing - int(np.isnan(values).sum())
        if lost > 0:
            self._find(
                "load",
                "gap",
                f"{lost:,} readings that some meters have and others lack",
                "left empty",
                count=lost,
            )
        return kw, found

    def _without_empty(self, kw: Floats) -> Floats:
        filled = np.asarray(np.isfinite(kw).any(axis=0))
        if not filled.any():
            raise DataError("no column of load holds a number", where=self.table.name, mend="choose others")
        if not filled.all():
            empty = [n for n, f in zip(self.names, filled.tolist(), strict=True) if not f]
            field = empty[0] if len(empty) == 1 else f"{len(empty):,} series"
            self._find(field, "empty series", "there is no number at all", "left out", count=len(empty))
            self.names = [n for n, f in zip(self.names, filled.tolist(), strict=True) if f]
            self._kept = np.flatnonzero(filled)
            return np.ascontiguousarray(kw[:, filled])
        self._kept = np.arange(kw.shape[1])
        return kw

    def row_of(self, place: int, series: int) -> int | None:
        """Row in the file of a place on the grid."""
        if self.ids is None:
            at = self.grid.position == place
        else:
            at = (self.grid.position == place) & (self.ids == self._kept[series])
        return int(self.table.rows[int(at.argmax())]) if at.any() else None

    def paths(self) -> dict[str, str]:
        """Series id -> place in the hierarchy."""
        if self.roles.path is None or self.ids is None:
            return {}
        cells = self.table.text(self.roles.path)
        firsts = np.unique(self.ids, return_index=True)[1]
        encoded = pc.dictionary_encode(cells)
        codes = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
        apart = np.flatnonzero(codes != codes[firsts][self.ids])
        if len(apart):
            raise DataError(
                "one meter stands at two places",
                where=self.table.at(self.roles.path, int(apart[0])),
                mend="give each meter one path",
            )
        made = [re.sub(r"\s*/\s*", "/", str(cells[int(i)].as_py() or "")).strip(" /") for i in firsts]
        return {self.names[n]: made[int(k)] for n, k in enumerate(self._kept) if made[int(k)]}
