"""Weather columns: what a header measures, and how its unit becomes the one in the variable's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from energy.units import bracketed

# Of several that fit, the first: wind direction before wind, dew point before temperature.
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("dew_point", "c", r"dauw ?punt|dew ?point"),
    ("wind_direction", "deg", r"wind ?richting|wind ?dir(?:ection)?"),
    ("wind_gust", "m_s", r"wind ?stoot|windstoten|gusts?"),
    ("wind_speed", "m_s", r"wind ?snelheid|wind ?speed|wind"),
    ("humidity", "pct", r"(?:relative |relatieve )?(?:humidity|vochtigheid|luchtvochtigheid)|rh"),
    ("cloud_cover", "pct", r"bewolking|cloud ?cover|clouds?|cloudiness"),
    ("precipitation", "mm", r"neerslag|precipitation|rain(?:fall)?|regen"),
    ("pressure", "hpa", r"luchtdruk|pressure"),
    (
        "radiation",
        "w_m2",
        r"zon|zonne ?straling|straling|globale straling|(?:solar |global )?(?:radiation|irradiance)|solar"
        r"|ghi|zoninstraling|instraling",
    ),
    ("temperature", "c", r"(?:buiten)?temperatuur|temperature|temp|t2m|temperatur"),
)
# Unit as a header writes it -> (factor, offset) to the unit of the variable's name.
_SCALES: dict[str, dict[str, tuple[float, float]]] = {
    "c": {
        **dict.fromkeys(("f", "°f", "fahrenheit", "degf"), (5 / 9, -32 * 5 / 9)),
        **dict.fromkeys(("k", "kelvin"), (1.0, -273.15)),
        **dict.fromkeys(("0.1°c", "0.1c", "0,1°c"), (0.1, 0.0)),
    },
    "m_s": {
        **dict.fromkeys(("km/h", "kmh", "kph", "km/u"), (1 / 3.6, 0.0)),
        **dict.fromkeys(("mph",), (0.44704, 0.0)),
        **dict.fromkeys(("kn", "kt", "knots", "knopen"), (0.514444, 0.0)),
    },
    "w_m2": dict.fromkeys(("kw/m2", "kw/m²"), (1000.0, 0.0)),
    "pct": dict.fromkeys(("0-1", "fraction", "fractie"), (100.0, 0.0)),
    "hpa": {"pa": (0.01, 0.0), "kpa": (10.0, 0.0)},
    "mm": {"cm": (10.0, 0.0), "in": (25.4, 0.0)},
    "deg": {},
}
_PER_HOUR = {"j/cm2": 1e4 / 3600, "j/cm²": 1e4 / 3600, "kj/m2": 1e3 / 3600, "mj/m2": 1e6 / 3600}
_TRAILING = re.compile(
    r"[ _]+(fahrenheit|kelvin|degf|°?[fck]|km/?h|mph|m ?/? ?s|kw ?/? ?m[2²]|w ?/? ?m[2²]|pct|percent|%|mm|hpa"
    r"|pa|deg|celsius)$"
)


@dataclass(frozen=True)
class Weather:
    """A weather column.

    Attributes:
        column: its header.
        variable: its name in the data set, with the unit ("temperature_c").
        factor: what values are multiplied by to come to that unit.
        offset: what is added then.
        per_hour: values are energy per interval, to be divided by the interval's hours as well.
    """

    column: str
    variable: str
    factor: float = 1.0
    offset: float = 0.0
    per_hour: bool = False

    @property
    def converted(self) -> bool:
        """Whether the values change."""
        return (self.factor, self.offset) != (1.0, 0.0)


def _parts(header: str) -> tuple[str, str]:
    """The words of a header, and its unit in lower case without spaces."""
    unit = bracketed(header)
    words = re.sub(r"[(\[][^()\[\]]*[)\]]", " ", header).replace("-", "_").strip().lower()
    found = _TRAILING.search(words.replace("_", " "))
    if found:
        unit = unit or re.sub(
            r"\s", "", found[1].replace("m s", "m/s").replace("m2", "/m2").replace("//", "/")
        )
        words = words[: found.start()]
    return re.sub(r"[^a-z0-9]+", " ", words).strip(), unit


def weather_of(header: str, unit: str = "") -> Weather | None:
    """What a header measures, None where it is no weather.

    Args:
        header: as it stands in the file.
        unit: from a row of units, "" without one.
    """
    words, own = _parts(header)
    own = re.sub(r"[\[\]()\s]", "", unit.lower()) or own
    for kind, target, form in _KINDS:
        if re.fullmatch(rf"(?:\w+ )?(?:{form})(?: \w+)?(?: \d+)?", words) is None:
            continue
        if target == "w_m2" and own in _PER_HOUR:
            return Weather(header, f"{kind}_{target}", _PER_HOUR[own], per_hour=True)
        if target == "w_m2" and re.fullmatch(r"[kmg]?wh?", own):
            return None  # a panel's output, not the sun's
        factor, offset = _SCALES[target].get(own, (1.0, 0.0))
        return Weather(header, f"{kind}_{target}", factor, offset)
    return None


def named(header: str, unit: str = "") -> Weather:
    """A column that the user calls weather: as `weather_of`, or under a name of its own."""
    found = weather_of(header, unit)
    if found:
        return found
    slug = re.sub(r"[^0-9a-z]+", "_", header.lower()).strip("_") or "weather"
    return Weather(header, slug if not slug[0].isdigit() else f"weather_{slug}")


def distinct(found: list[Weather]) -> list[Weather]:
    """The same columns, each under a name of its own (`temperature_c`, `temperature_2_c`)."""
    taken: dict[str, int] = {"load_kw": 1, "time": 1, "series": 1}
    out = []
    for one in found:
        taken[one.variable] = count = taken.get(one.variable, 0) + 1
        name = one.variable
        if count > 1:
            base, target = next(((k, t) for k, t, _ in _KINDS if name == f"{k}_{t}"), (name, ""))
            name = f"{base}_{count}" + (f"_{target}" if target else "")
        out.append(Weather(one.column, name, one.factor, one.offset, one.per_hour))
    return out
