"""What the report says, before it is laid out: sentences, pictures, rows and the points of charts.

HTML and PDF draw the same content, so that neither says what the other leaves out. Nothing in it names a
person: it is made of codes from known lists, measurements and hashes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from healthcare import cards, cards_text
from healthcare.figures import Figures, Picture
from healthcare.finding import Classified, Finding, Segmented
from healthcare.painting import Colour
from healthcare.wording import extents, figure, millilitres, percent, rate

CONVENTION = (
    "Shown in radiological convention: the patient's right is on the left of axial and coronal pictures."
    " Letters at the borders say right (R), left (L), anterior (A), posterior (P), superior (S) and inferior"
    " (I)."
)
INTERVAL = (
    "The interval is calibrated on cases that the model did not learn from: it is to hold the volume of an"
    " expert's outline at the stated rate, in scans like those. Expected Dice: the agreement with an expert's"
    " outline that is to be expected, 1 for the same voxels."
)
NO_INTERVAL = (
    "No cases were kept out of training to calibrate on, so there is neither an interval nor an expected"
    " Dice."
)
SET = (
    "The set is calibrated on cases that the model did not learn from: it is to hold the true class at the"
    " stated rate, in images like those."
)
STEPS = "At even steps through all that is outlined, in the plane of the finest pixels, close up."
PLANES = " Each plane is the one in which most is outlined; below, the same planes without outlines."
NO_CARD = "There is no model card: nothing is known of what it learned from or how well it does."
OWN_PLANES = " The scan was taken obliquely and is shown in its own planes, not resampled to the body's."
FLAT = "The picture is shown as it was brought; which side is which is for the markers in it to say."
MODALITIES = {
    "MR": "MR", "CT": "CT", "DX": "radiograph", "CR": "radiograph", "MG": "mammogram", "US": "ultrasound",
    "PT": "PET", "NM": "scintigram",
}  # fmt: skip
MOST_FACTS = 4
_CARD_PARTS = ("use", "limits")
_CARD_FACTS = ("intended_use", "out_of_scope", "known_failures", "limits")


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: a value in [0, `most`] with its interval, NaN where there is none."""

    name: str
    value: float
    low: float
    high: float
    words: str
    colour: Colour


@dataclass(frozen=True)
class Table:
    """Cells as text; `numbers` says which columns hold numbers; `colours` marks rows."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]
    colours: Sequence[Colour | None] = ()


@dataclass(frozen=True)
class Content:
    """All that a report shows."""

    title: str
    under: str
    summary: str
    facts: Sequence[tuple[str, str, str]]
    warnings: Sequence[str]
    key: Sequence[Picture]
    plain: Sequence[Picture]
    montage: Sequence[Picture]
    doubt: Picture | None
    heat: Picture | None
    convention: str
    shown: str
    table: Table
    bars: Sequence[Bar]
    bars_title: str
    reliability: Sequence[Mapping[str, float]]
    reliability_words: str
    measure: str
    metrics: Table | None
    card: Sequence[tuple[str, str]]
    made: Sequence[tuple[str, str]] = field(default_factory=tuple)


def content_of(finding: Finding, card: Mapping[str, Any] | None = None) -> Content:
    """Gather it.

    Args:
        finding: with its scan.
        card: the model's card, as `healthcare.cards.model_card` understands it; None: the model's part of the
            page says that there is none.

    Raises:
        ValueError: the finding has no scan.
    """
    figures = Figures(finding)
    known = cards.model_card(card or {})
    segmented, classified = finding.segmented, finding.classified
    table, bars, title = (
        (_volume_table(segmented, finding), _volume_bars(segmented), "Volumes, ml")
        if segmented is not None
        else (_class_table(classified), _class_bars(classified), "Probabilities")
    )
    key = figures.key_slices()
    return Content(
        title=str(finding.provenance.get("model", "Finding")),
        under=_under(finding),
        summary=finding.summary,
        facts=_facts(finding),
        warnings=list(finding.warnings),
        key=key,
        plain=figures.key_slices(outlined=False) if segmented is not None else [],
        montage=figures.montage(),
        doubt=figures.uncertainty(),
        heat=figures.heat(),
        convention=_convention(figures),
        shown=figures.window_words[0].upper() + figures.window_words[1:] + ".",
        table=table,
        bars=bars,
        bars_title=title,
        reliability=cards.reliability(known),
        reliability_words=_reliability_words(known),
        measure=_measure(segmented),
        metrics=_metrics(known),
        card=_card(known) if card else [],
        made=_made(finding.provenance),
    )


def _measure(segmented: Segmented | None) -> str:
    """What the figures promise."""
    if segmented is None:
        return SET
    told = [number for v in segmented.volumes for number in (v.low_ml, v.predicted_dice)]
    return INTERVAL if any(map(math.isfinite, told)) else NO_INTERVAL


def _convention(figures: Figures) -> str:
    if not figures.scan.is_volume:
        return FLAT
    return CONVENTION + (OWN_PLANES if figures.planes.is_oblique else "")


def _under(finding: Finding) -> str:
    scan = finding.scan
    assert scan is not None
    known = MODALITIES.get(scan.modality, scan.modality)
    parts = [known[:1].upper() + known[1:] if known else "Modality not stated"]
    if body := finding.provenance.get("input", {}).get("body_part"):
        parts.append(str(body).lower())
    parts.append(
        extents(scan.array.shape[: 3 if scan.is_volume else 2], "voxels" if scan.is_volume else "pixels")
    )
    parts.append(f"{extents(scan.spacing_mm)} each" if scan.spacing_mm else "size of a pixel not stated")
    return " · ".join(parts)


def _facts(finding: Finding) -> list[tuple[str, str, str]]:
    """The figures that stand out: name, value, and what to hold beside it."""
    facts: list[tuple[str, str, str]] = []
    segmented, classified = finding.segmented, finding.classified
    if segmented is not None:
        rated = math.isfinite(segmented.predicted_dice)
        for v in segmented.volumes[: MOST_FACTS - rated]:
            known = math.isfinite(v.low_ml) and math.isfinite(v.high_ml)
            beside = (
                f"{rate(v.coverage)} interval {millilitres(v.low_ml, v.high_ml)}" if known else "no interval"
            )
            facts.append((v.label.name, millilitres(v.ml), beside))
        if rated:
            poor = "poor: an expert must look" if segmented.flagged else "against an expert's outline"
            facts.append(("expected Dice", f"{segmented.predicted_dice:.2f}", poor))
    if classified is not None:
        best = max(classified.probabilities, key=lambda name: classified.probabilities[name])
        facts.append(("most likely", best, percent(classified.probabilities[best])))
        among = ", ".join(classified.set) or "none fits"
        facts.append(
            (
                f"{rate(classified.coverage)} set",
                among,
                "“I don't know”" if classified.unsure else "one class",
            )
        )
        if classified.positive:
            rates = percent(classified.sensitivity), percent(classified.specificity)
            point = f"sensitivity {rates[0]}, specificity {rates[1]}"
            facts.append((f"operating point, {classified.positive}", percent(classified.threshold), point))
        if math.isfinite(classified.typicality):
            facts.append(
                ("like the training data", f"p = {classified.typicality:.2g}", "small where it is not")
            )
    return facts[:MOST_FACTS]


def _volume_table(segmented: Segmented, finding: Finding) -> Table:
    rows = []
    for v in segmented.volumes:
        known = math.isfinite(v.low_ml) and math.isfinite(v.high_ml)
        interval = f"{figure(v.low_ml)} to {figure(v.high_ml)}" if known else "–"
        dice = f"{v.predicted_dice:.2f}" if math.isfinite(v.predicted_dice) else "–"
        rows.append([v.label.name, figure(v.ml), interval, dice])
    coverages = {v.coverage for v in segmented.volumes if math.isfinite(v.low_ml)}
    head = f"{rate(coverages.pop())} interval" if len(coverages) == 1 else "Interval"
    return Table(
        ("Structure", "Volume, ml", head, "Exp. Dice"),
        rows,
        (False, True, True, True),
        [v.label.colour for v in segmented.volumes],
    )


def _volume_bars(segmented: Segmented) -> list[Bar]:
    return [
        Bar(v.label.name, v.ml, v.low_ml, v.high_ml, f"{figure(v.ml)} ml", v.label.colour)
        for v in segmented.volumes
    ]


def _class_table(classified: Classified | None) -> Table:
    if classified is None:
        return Table(("Class",), [], (False,))
    ranked = sorted(classified.probabilities.items(), key=lambda pair: -pair[1])
    rows = [[name, percent(share), "yes" if name in classified.set else "no"] for name, share in ranked]
    return Table(
        ("Class", "Probability", f"In the {rate(classified.coverage)} set"), rows, (False, True, False)
    )


def _class_bars(classified: Classified | None) -> list[Bar]:
    if classified is None:
        return []
    ranked = sorted(classified.probabilities.items(), key=lambda pair: -pair[1])
    inside, outside = (0, 114, 178), (154, 167, 179)
    return [
        Bar(n, p, math.nan, math.nan, percent(p), inside if n in classified.set else outside)
        for n, p in ranked
    ]


def _reliability_words(card: Mapping[str, Any]) -> str:
    found = card["calibration"]
    words = (
        "On the dashed line a probability comes true as often as it says; each dot's size goes by its cases."
    )
    error = found.get("ece")
    if isinstance(error, int | float):
        words += f" Expected calibration error: {error:.3f}."
    return words


def _metrics(card: Mapping[str, Any]) -> Table | None:
    rows = []
    for row in card["metrics"]:
        low, high = row.get("low"), row.get("high")
        known = isinstance(low, int | float) and isinstance(high, int | float)
        value = row.get("value")
        said = figure(float(value)) if isinstance(value, int | float) else "–"
        interval = f"{figure(float(low))} to {figure(float(high))}" if known else "–"
        rows.append([str(row.get("measure", "")).replace("_", " "), said, interval])
    return Table(("Measure", "Value", "Interval"), rows, (False, True, True)) if rows else None


def _card(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for part in cards.parts_of(card):
        if part.key in _CARD_PARTS:
            titles = dict(part.facts)
            for name in _CARD_FACTS:
                if name in titles and not (name == "out_of_scope" and part.key != "use"):
                    found.append((titles[name], cards_text.told(card[part.key][name])))
    data = card["data"]
    found.append(("learned from", cards_text.told({k: data[k] for k in ("source", "cases", "licence")})))
    return found


def _made(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    titles = {
        "made_at_utc": "made at (UTC)",
        "input_sha256": "scan, SHA-256",
        "input": "scan",
        "model": "model",
        "model_sha256": "model, SHA-256",
        "code": "code",
        "settings": "settings",
        "versions": "versions",
    }
    return [
        (words, cards_text.told(provenance[name])) for name, words in titles.items() if provenance.get(name)
    ]
