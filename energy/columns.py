"""Which column of a table is what: time, load, weather, meter and place, named by the user or guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from common.errors import DataError
from common.tables import Table
from energy.units import UNITS, unit_in, without_unit
from energy.validation import Finding
from energy.weather_columns import Weather, distinct, named, weather_of

_TIME = (
    *("tijdstip", "timestamp", "datetime", "datum tijd", "date time", "datumtijd", "tijd", "time", "ds"),
    *("from", "van", "start", "begin", "valid from", "utc", "time utc", "zeit", "zeitstempel", "interval"),
)
_DATE = ("datum", "date", "dag", "day", "yyyymmdd", "datum van", "tag")
_CLOCK = ("uur", "hour", "hh", "tijd", "time", "tijdstip", "kwartier", "hour ending", "uhrzeit", "he")
_LOAD = re.compile(
    r"verbruik|belasting|vermogen|afname|levering|gebruik|demand|load|consumption|power|usage|import|energie|"
    r"energy|last\b|verbrauch|leistung|netto|net\b"
)
_FEED_IN = re.compile(
    r"teruglever|invoed|inject|feed[ _-]?in|export|opwek|production|productie|generation|einspeis|surplus"
)
_ID = (
    *("ean", "ean code", "ean18", "meter", "meter id", "meterid", "meternummer", "id", "series", "serie"),
    *("unique id", "aansluiting", "station", "feeder", "asset", "site", "gebouw", "building", "locatie"),
    *("location", "series id", "sensor", "household", "lclid", "customer", "klant"),
)
_PATH = ("pad", "path", "plaats in het net", "hierarchy", "hierarchie")
# Numbers that are no load, even where nothing else could be.
_NO_LOAD = re.compile(
    r"^(?:row ?names?|index|id|nr|no|rij|row|year|jaar|month|maand|day|dag|week|hour|uur|weekday|workday|"
    r"holiday|feestdag|lat|latitude|lon|longitude|price|prijs|kwaliteit|quality|status|column \d+|unnamed.*)$"
)


@dataclass(frozen=True)
class LoadColumn:
    """A column of load.

    Attributes:
        column: its header.
        unit: of its numbers, None where neither the header nor the user says.
        feed_in: what it counts goes into the grid and is negative load.
        series: id of the series it belongs to.
    """

    column: str
    unit: str | None
    feed_in: bool
    series: str


@dataclass(frozen=True)
class Roles:
    """Which column is what."""

    time: str
    clock: str | None
    loads: tuple[LoadColumn, ...]
    weather: tuple[Weather, ...]
    id: str | None
    path: str | None


def words_of(header: str) -> str:
    """A header as lower-case words without units, for comparison."""
    return re.sub(r"[^a-z0-9]+", " ", without_unit(header).lower()).strip()


def assign(
    table: Table,
    *,
    unit: str | None = None,
    time_column: str | None = None,
    load_columns: Sequence[str] | None = None,
    weather_columns: Sequence[str] | None = None,
    id_column: str | None = None,
    path_column: str | None = None,
) -> tuple[Roles, list[Finding]]:
    """Which column of a table is what.

    Raises:
        DataError: a named column is not there, or there is no column of time or load.
    """
    for name in (time_column, id_column, path_column, *(load_columns or ()), *(weather_columns or ())):
        if name is not None:
            table.column(name)
    findings: list[Finding] = []
    taken = {n for n in (id_column, path_column, *(load_columns or ()), *(weather_columns or ())) if n}
    time, clock = _time(table, time_column, taken)
    taken |= {time} | ({clock} if clock else set())
    if weather_columns is not None:
        weather = [named(name, table.units.get(name, "")) for name in weather_columns]
    else:
        seen = [
            weather_of(n, table.units.get(n, ""))
            for n in table.names
            if n not in taken and (table.is_number(n) or not _LOAD.search(words_of(n)))
        ]
        weather = [w for w in seen if w is not None and not _all_text(table, w.column)]
    taken |= {w.column for w in weather}
    meter = id_column or _by_name(table, _ID, taken - {id_column}, text=True)
    path = path_column or _by_name(table, _PATH, taken, text=True)
    taken |= {n for n in (meter, path) if n}
    names = list(load_columns) if load_columns else _guess_loads(table, taken, findings)
    if not names:
        raise DataError(
            "there is no column of load",
            where=table.name,
            mend="name it (--load-columns) or give it a header such as 'Verbruik (kWh)' or 'load_kw'",
        )
    loads = _loads(table, names, unit)
    for loads_in in [c for c in loads if c.feed_in]:
        findings.append(
            Finding(
                loads_in.column, "feed-in", "the column counts what is fed in", "counted as negative load"
            )
        )
    return Roles(time, clock, tuple(loads), tuple(distinct(weather)), meter, path), findings


def _all_text(table: Table, name: str) -> bool:
    """Whether a column holds words alone, as a description of the weather does."""
    if table.is_number(name):
        return False
    head = table.column(name)[:200]
    return not pc.any(pc.match_substring_regex(pc.cast(head, "string"), r"\d")).as_py()


def _by_name(
    table: Table, wanted: Sequence[str], taken: AbstractSet[str | None], text: bool = False
) -> str | None:
    for word in wanted:
        for name in table.names:
            if name in taken or words_of(name) != word:
                continue
            if text and table.is_number(name) and _fractions(table, name):
                continue  # "station" may also head the load of a station
            if text and 2 * len(pc.unique(table.column(name))) > len(table.rows):
                continue  # an id that differs in each row counts rows, not meters
            return name
    return None


def _fractions(table: Table, name: str) -> bool:
    values = table.numbers(name)
    known = values[np.isfinite(values)]
    return bool((known != np.round(known)).any())


def _holds_times(table: Table, name: str) -> bool:
    cells = table.column(name)[:200]
    if "timestamp" in str(cells.type) or "date" in str(cells.type):
        return True
    form = r"^\s*(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{8}([T ]?\d{2,6})?$|\d{9,14}$|\d{1,2}[- ][A-Za-z]{3})"
    hits = pc.fill_null(pc.match_substring_regex(pc.cast(cells, "string"), form), False)
    return float(np.mean(hits.to_numpy(zero_copy_only=False))) > 0.5


def _time(table: Table, named_time: str | None, taken: set[str]) -> tuple[str, str | None]:
    """The column of time, and that of the clock where it stands apart."""
    free = [n for n in table.names if n not in taken]
    if named_time is not None:
        return named_time, None if _has_clock(table, named_time) else _clock(table, free, named_time)
    ranked = [n for w in (*_TIME, *_DATE) for n in free if words_of(n) == w and _holds_times(table, n)]
    ranked += [
        n for n in free if re.search(r"dat|time|tijd|stamp|utc", words_of(n)) and _holds_times(table, n)
    ]
    texts = [n for n in free if not table.is_number(n) and _holds_times(table, n)]
    found = next(iter([*ranked, *texts]), None)
    if found is None:
        raise DataError(
            "there is no column of time",
            where=table.name,
            mend="name it (--time-column) or give it a header such as 'tijdstip' or 'timestamp'",
        )
    return found, None if _has_clock(table, found) else _clock(table, free, found)


def _has_clock(table: Table, name: str) -> bool:
    """Whether a column of dates says the time of day as well: more than one time a day."""
    cells = table.column(name)
    if "timestamp" in str(cells.type):
        return True
    text = pc.cast(cells[:500], "string")
    clock = pc.match_substring_regex(text, r"\d[T ,]+\d{1,2}(:\d{2})?|^\s*\d{9,14}")
    nothing = pc.match_substring_regex(text, r"[T ]+0?0:00(:00(\.0+)?)?$")
    has = np.asarray(pc.fill_null(clock, False).to_numpy(zero_copy_only=False), dtype=bool)
    zero = np.asarray(pc.fill_null(nothing, False).to_numpy(zero_copy_only=False), dtype=bool)
    return bool((has & ~zero).any())


def _clock(table: Table, free: Sequence[str], date: str) -> str | None:
    for word in _CLOCK:
        for name in free:
            if name == date or words_of(name) != word:
                continue
            form = r"^\s*\d{1,2}(:\d{2}(:\d{2})?|\.0)?(\s*[-–].*)?$"
            cells = pc.cast(table.column(name)[:200], "string")
            hits = pc.fill_null(pc.match_substring_regex(cells, form), False)
            if float(np.mean(hits.to_numpy(zero_copy_only=False))) > 0.5:
                return name
    return None


def _guess_loads(table: Table, taken: set[str], findings: list[Finding]) -> list[str]:
    free = [n for n in table.names if n not in taken]
    sure = [
        n
        for n in free
        if unit_in(n)
        or unit_in(table.units.get(n, ""))
        or _LOAD.search(words_of(n))
        or _FEED_IN.search(words_of(n))
    ]
    sure = [n for n in sure if not _all_text(table, n)]
    rest = [n for n in free if n not in sure and table.is_number(n) and not _NO_LOAD.match(words_of(n))]
    if sure:
        if rest:
            field = rest[0] if len(rest) == 1 else f"{len(rest):,} columns, '{rest[0]}' first"
            findings.append(Finding(field, "unused column", "no header says what it is", "left out"))
        return sure
    if rest:
        shown = f"'{rest[0]}'" if len(rest) == 1 else f"{len(rest):,} columns of numbers"
        findings.append(
            Finding("", "guessed column", f"no header speaks of load, but there is {shown}", "read as load")
        )
    return rest


def _loads(table: Table, names: Sequence[str], unit: str | None) -> list[LoadColumn]:
    """The columns of load with unit, sign and series."""
    units = [unit or unit_in(n) or unit_in(table.units.get(n, "")) for n in names]
    feeds = [bool(_FEED_IN.search(words_of(n))) for n in names]
    series = [without_unit(n) for n in names]
    # What is left of a header without the words for taking and feeding in says which two belong together.
    rest = [re.sub(r"\s+", " ", _FEED_IN.sub("", _LOAD.sub("", words_of(n)))).strip() for n in names]
    rest = [re.sub(r"^(?:ing|ering|ed|ion)\b\s*", "", word) for word in rest]
    for i, feeds_in in enumerate(feeds):
        if not feeds_in:
            continue
        partners = [j for j in range(len(names)) if not feeds[j] and rest[j] == rest[i]]
        if not partners and feeds.count(True) == feeds.count(False) == 1:
            partners = [feeds.index(False)]
        if len(partners) == 1:
            series[i] = series[partners[0]]
    plain = [s for s, feeds_in in zip(series, feeds, strict=True) if not feeds_in]
    if len(set(plain)) < len(plain):
        series = [n if not f else s for n, f, s in zip(names, feeds, series, strict=True)]
    return [LoadColumn(n, u, f, s) for n, u, f, s in zip(names, units, feeds, series, strict=True)]


def check_unit(unit: str | None) -> None:
    """Refuse a unit that is not known.

    Raises:
        DataError: it is none of those of power and energy.
    """
    if unit is not None and unit not in UNITS:
        raise DataError(f"'{unit}' is no unit of load", mend=f"choose one of {', '.join(UNITS)}")
