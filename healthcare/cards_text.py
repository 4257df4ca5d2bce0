"""Cards as Markdown and HTML: tables of facts and rows; every value is shown as text, never as markup."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from healthcare.cards import parts_of
from healthcare.cards_fields import NOT_STATED, Part
from healthcare.finding import RESEARCH_USE
from healthcare.wording import percent

MOST_DIGITS = 4


def told(value: object) -> str:
    """A value in words, on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{MOST_DIGITS}g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{str(k).replace('_', ' ')} {told(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        simple = all(isinstance(one, int | float) for one in value)
        return (" × " if simple and 1 < len(value) <= 3 else "; ").join(told(one) for one in value)
    return " ".join(str(value).split())


def title_of(card: Mapping[str, Any]) -> str:
    """What a card is of."""
    if card.get("card") == "data":
        return "Data card"
    name = card.get("model", {}).get("name", NOT_STATED)
    return f"Model card: {name}" if name != NOT_STATED else "Model card"


def facts_of(card: Mapping[str, Any], part: Part) -> list[tuple[str, str]]:
    """Facts of one part, title and words, in order; further facts behind them."""
    found = card.get(part.key)
    if not isinstance(found, Mapping):
        return []
    titles = dict(part.facts)
    return [
        (titles.get(name, name.replace("_", " ")), told(value))
        for name, value in found.items()
        if name != "reliability"
    ]


def rows_of(card: Mapping[str, Any], part: Part) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of a part that is a table, or the reliability curve of the calibration."""
    found = card.get(part.key)
    if part.key == "calibration" and isinstance(found, Mapping):
        points = found.get("reliability") or []
        cells = [[percent(p["said"]), percent(p["true"]), told(p.get("cases", NOT_STATED))] for p in points]
        return ["probability said", "share that came true", "cases"], cells
    if not isinstance(found, Sequence) or isinstance(found, str):
        return [], []
    heads = list(dict.fromkeys(str(name) for row in found for name in row))
    return heads, [[told(row[name]) if name in row else "–" for name in heads] for row in found]


def markdown(card: Mapping[str, Any]) -> str:
    """A card as Markdown."""
    lines = [f"# {_safe(title_of(card))}", "", f"**{RESEARCH_USE}**", ""]
    for part in parts_of(card):
        lines += [f"## {part.title}", "", f"*{part.asked_by}*", ""]
        facts, (heads, rows) = facts_of(card, part), rows_of(card, part)
        if facts:
            lines += ["| | |", "|---|---|", *(_row(fact) for fact in facts), ""]
        if rows:
            lines += [_row(heads), "|" + "---|" * len(heads), *(_row(row) for row in rows), ""]
        if not facts and not rows:
            lines += [NOT_STATED, ""]
    if further := card.get("further"):
        lines += ["## Further", "", "| | |", "|---|---|"]
        lines += [f"| {_safe(str(name))} | {_safe(told(value))} |" for name, value in further.items()]
        lines.append("")
    return "\n".join(lines)


def html(card: Mapping[str, Any]) -> str:
    """A card as one HTML page: no script, no request, light and dark."""
    import jinja2

    parts = [
        {
            "title": part.title,
            "asked_by": part.asked_by,
            "facts": facts_of(card, part),
            "heads": rows_of(card, part)[0],
            "rows": rows_of(card, part)[1],
        }
        for part in parts_of(card)
    ]
    if further := card.get("further"):
        facts = [(str(name).replace("_", " "), told(value)) for name, value in further.items()]
        parts.append({"title": "Further", "asked_by": "", "facts": facts, "heads": [], "rows": []})
    source = resources.files("healthcare").joinpath("card_template.html").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)
    return template.render(title=title_of(card), use=RESEARCH_USE, parts=parts, not_stated=NOT_STATED)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_safe(cell) for cell in cells)} |"


def _safe(words: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", words)
