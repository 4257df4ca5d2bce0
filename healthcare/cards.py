"""Model card and data card of a run: what is known of it, put where a reader or an auditor looks for it.

    card = model_card(Path("runs/healthcare/…"))
    atomic_write(folder / "card.md", render(card))

Nothing is made up: what no part of the run says is "not stated". Paths and names of files are left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from common.store import atomic_write
from healthcare.cards_facts import PLACES, gathered, nested
from healthcare.cards_fields import ALWAYS, DATA_PARTS, MODEL_PARTS, NOT_STATED, Part

FORMAT = 1
_LOW, _HIGH, _INTERVAL = "_low", "_high", "_interval"


def model_card(source: Path | Mapping[str, Any]) -> dict[str, Any]:
    """The model card.

    Args:
        source: a run folder, a stored model's folder, or the facts themselves as a stored model's card has
            them. Understood beside the keys of `healthcare.cards_fields`: `metrics`, a number by name, or
            {value, low, high, cases, of}, where `<name>_low` and `<name>_high` are the ends of `<name>`'s
            interval; `subgroups`, a list of rows; `calibration`, with `reliability` {said, true, cases};
            `data` and `splits`. What is known by no name stands under "further".

    Returns:
        A part by its key, each a mapping of facts; metrics and subgroups are lists of rows.

    Raises:
        StoreError: the folder holds neither a run nor a model.
    """
    facts = gathered(source)
    if facts.get("card") == "model":
        return dict(facts)
    used = {"card", "data", "splits", "metrics", "subgroups", "calibration", "versions", "pilot", "further"}
    card: dict[str, Any] = {"card": "model", "format": FORMAT, "pilot": facts.get("pilot", "healthcare")}
    for part in MODEL_PARTS:
        if part.key == "metrics":
            card["metrics"] = metric_rows(facts.get("metrics"))
        elif part.key == "subgroups":
            card["subgroups"] = _rows(facts.get("subgroups"))
        elif part.key == "versions":
            card["versions"] = dict(nested(facts, "versions"))
        elif part.key in ("data", "splits", "calibration"):
            card[part.key] = _filled(part, nested(facts, part.key)) | _rest(part, nested(facts, part.key))
        else:
            card[part.key] = _filled(part, _plain_facts(facts))
            used |= {name for name, _ in part.facts}
    card["calibration"]["reliability"] = reliability(facts)
    further = {k: v for k, v in facts.items() if k not in used and not _empty(v) and k != "reliability"}
    return card | ({"further": further} if further else {})


def data_card(source: Path | Mapping[str, Any]) -> dict[str, Any]:
    """The card of the data that a run learned from.

    Args:
        source: a run folder, a stored model's folder, or facts about the data by the keys of
            `healthcare.cards_fields.DATA_PARTS`.

    Raises:
        StoreError: the folder holds neither a run nor a model.
    """
    facts = gathered(source)
    if facts.get("card") == "data":
        return dict(facts)
    known = {**_plain_facts(facts), **nested(facts, "data")} if "data" in facts else dict(facts)
    for name in ("metrics", "limits", "intended_use", "created_utc"):
        known.pop(name, None)
    if "used_for" not in known and facts.get("name"):
        known["used_for"] = f"training of {facts['name']}"
    card: dict[str, Any] = {"card": "data", "format": FORMAT, "pilot": facts.get("pilot", "healthcare")}
    for part in DATA_PARTS:
        own = nested(facts, "splits") if part.key == "splits" else known
        card[part.key] = _filled(part, own)
    return card


def render(card: Mapping[str, Any], form: Literal["markdown", "html"] = "markdown") -> str:
    """A card for people, as Markdown or as one HTML page without any request."""
    from healthcare import cards_text

    return cards_text.html(card) if form == "html" else cards_text.markdown(card)


def write_cards(run: Path, more: Mapping[str, Any] | None = None) -> list[Path]:
    """Write model card and data card of a run beside its record: JSON, Markdown and HTML of both.

    Args:
        run: its folder.
        more: facts that do not stand in it, such as the version of the code that trains.

    Raises:
        StoreError: there is no run, or the files cannot be written.
    """
    written = []
    facts = {**gathered(run), **(more or {})}
    for name, card in (("model_card", model_card(facts)), ("data_card", data_card(facts))):
        contents = {
            "json": json.dumps(card, indent=2, ensure_ascii=False, default=str),
            "md": render(card),
            "html": render(card, "html"),
        }
        for ending, content in contents.items():
            atomic_write(run / f"{name}.{ending}", content)
            written.append(run / f"{name}.{ending}")
    return written


def parts_of(card: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts that a card has, in order."""
    return DATA_PARTS if card.get("card") == "data" else MODEL_PARTS


def metric_rows(metrics: object) -> list[dict[str, Any]]:
    """Metrics as rows of measure, value, low, high, cases, of; what is unknown in a row is left out."""
    if isinstance(metrics, Sequence) and not isinstance(metrics, str):
        return _rows(metrics)
    if not isinstance(metrics, Mapping):
        return []
    rows: list[dict[str, Any]] = []
    ends = {f"{name}{end}" for name in metrics for end in (_LOW, _HIGH, _INTERVAL)}
    for name, value in metrics.items():
        if name in ends:
            continue
        row: dict[str, Any] = {"measure": str(name)}
        if isinstance(value, Mapping):
            row |= {str(k): v for k, v in value.items() if not _empty(v)}
        elif isinstance(value, list | tuple) and len(value) == 3:
            row |= dict(zip(("value", "low", "high"), value, strict=True))
        else:
            row |= {"value": value}
            row |= {
                end.strip("_"): metrics[f"{name}{end}"] for end in (_LOW, _HIGH) if f"{name}{end}" in metrics
            }
        rows.append(row)
    return rows


def reliability(facts: Mapping[str, Any]) -> list[dict[str, float]]:
    """Points of the reliability curve; [] where a card has none.

    Returns:
        `said`, the probability given, `true`, the share that came true, and `cases` of each.
    """
    found = nested(facts, "calibration").get("reliability") or facts.get("reliability")
    if isinstance(found, Mapping):
        said, true = _numbers(found.get("said")), _numbers(found.get("true"))
        cases = _numbers(found.get("cases")) or [math.nan] * len(said)
        if not len(said) == len(true) == len(cases):
            return []
        rows = [
            dict(zip(("said", "true", "cases"), row, strict=True))
            for row in zip(said, true, cases, strict=True)
        ]
    elif isinstance(found, Sequence) and not isinstance(found, str):
        rows = [dict(row) for row in found if isinstance(row, Mapping) and {"said", "true"} <= set(row)]
    else:
        return []
    return [row for row in rows if math.isfinite(row["said"]) and math.isfinite(row["true"])]


def _filled(part: Part, facts: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, _ in part.facts:
        value = facts.get(name)
        found[name] = ALWAYS.get(name, NOT_STATED) if _empty(value) else value
    return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}


def _rest(part: Part, facts: Mapping[str, Any]) -> dict[str, Any]:
    known = {name for name, _ in part.facts} | {"reliability", *PLACES}
    return {str(k): v for k, v in facts.items() if k not in known and not _empty(v)}


def _plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in facts.items() if k not in ("data", "splits", "metrics", "calibration")}


def _rows(found: object) -> list[dict[str, Any]]:
    if not isinstance(found, Iterable) or isinstance(found, str | Mapping):
        return []
    return [dict(row) for row in found if isinstance(row, Mapping)]


def _numbers(found: object) -> list[float]:
    try:
        return [float(value) for value in found]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return []


def _empty(value: object) -> bool:
    return value is None or value == NOT_STATED or (hasattr(value, "__len__") and len(value) == 0)
