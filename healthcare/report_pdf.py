"""The report's content laid out on A4, section by section: the same as on the HTML page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

from healthcare.figures import Picture, legend_png
from healthcare.report_content import NO_CARD, PLANES, STEPS, Content, Table
from healthcare.report_paper import (
    INK,
    MAIN,
    MARGIN,
    MUTED,
    OTHER,
    PANEL,
    RULE,
    WARN,
    Paper,
    bars,
    capital,
    fitting,
    pairs,
    pictures,
    plain,
    reliability,
    table,
)


def pdf_of(content: Content, made_at_utc: str) -> bytes:
    """The report as PDF.

    Args:
        content: what it shows.
        made_at_utc: ISO 8601; it becomes the file's date, so that the same finding gives the same bytes.
    """
    paper = Paper(f"made {made_at_utc} UTC".replace("+00:00", "") if made_at_utc else "")
    try:
        paper.set_creation_date(datetime.fromisoformat(made_at_utc))
    except ValueError:
        paper.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))
    paper.set_title(plain(f"{content.title}: report, research use only"))
    paper.set_lang("en")
    paper.add_page()
    _head(paper, content)
    _pictures(paper, content)
    _values(paper, content)
    if content.montage:
        _montage(paper, content.montage)
    _maps(paper, content)
    _model(paper, content)
    return bytes(paper.output())


def _head(paper: Paper, content: Content) -> None:
    paper.say("SCAN REPORT · RESEARCH USE ONLY", 7.5, "B", MAIN)
    paper.say(capital(content.title), 17, "B")
    paper.set_y(paper.get_y() + 0.5)
    paper.say(content.under, 8.5, colour=MUTED)
    y = paper.get_y() + 1.5
    paper.set_draw_color(*INK)
    paper.line(MARGIN, y, paper.w - MARGIN, y)
    paper.set_xy(MARGIN, y + 2.5)
    paper.say(content.summary, 10.5)
    if content.facts:
        _facts(paper, content.facts)
    if content.warnings:
        _warnings(paper, content.warnings)


def _facts(paper: Paper, facts: Sequence[tuple[str, str, str]]) -> None:
    top, gap, height = paper.get_y() + 3, 3.0, 17.0
    width = (paper.epw - gap * (len(facts) - 1)) / len(facts)
    for number, (name, value, beside) in enumerate(facts):
        left = MARGIN + number * (width + gap)
        paper.set_fill_color(*PANEL)
        paper.rect(left, top, width, height, "F")
        paper.set_fill_color(*MAIN)
        paper.rect(left, top, 1, height, "F")
        rows = ((capital(name), 7.5, "", MUTED), (value, 13, "B", INK), (beside, 7, "", MUTED))
        y = top + 1.6
        for words, size, style, colour in rows:
            paper.set_font("Helvetica", style, size)
            paper.set_text_color(*colour)
            paper.set_xy(left + 3, y)
            paper.cell(width - 4, size * 0.42, fitting(paper, words, width - 5))
            y += size * 0.42 + 1
    paper.set_xy(MARGIN, top + height)


def _warnings(paper: Paper, warnings: Sequence[str]) -> None:
    paper.ensure(8 + 5 * len(warnings))
    top, page = paper.get_y() + 4, paper.page_no()
    paper.set_xy(MARGIN + 4, top + 1.5)
    paper.say("Before you use it", 9.5, "B")
    for warning in warnings:
        paper.set_xy(MARGIN + 4, paper.get_y() + 0.4)
        paper.say(f"· {warning}", 8.5)
    bottom = paper.get_y() + 1.5
    if paper.page_no() == page:
        paper.set_draw_color(*RULE)
        paper.rect(MARGIN, top, paper.epw, bottom - top)
        paper.set_fill_color(*WARN)
        paper.rect(MARGIN, top, 1, bottom - top, "F")
    paper.set_xy(MARGIN, bottom)


def _pictures(paper: Paper, content: Content) -> None:
    row = [*content.key, *([content.heat] if content.heat and len(content.key) == 1 else [])]
    paper.heading("What was outlined" if content.plain else "What was looked at", 75)
    pictures(paper, row, most=85)
    if content.plain:
        paper.set_y(paper.get_y() + 1)
        pictures(paper, content.plain, most=85)
    if content.table.colours:
        _key(paper, content.table)
    words = f"{content.convention} {content.shown}"
    if content.plain:
        words += PLANES
    paper.set_xy(MARGIN, paper.get_y() + 0.8)
    paper.say(words, 7.5, colour=MUTED)


def _key(paper: Paper, of: Table) -> None:
    y = paper.get_y() + 1.5
    left = MARGIN
    paper.set_font("Helvetica", "", 8)
    paper.set_text_color(*INK)
    for row, colour in zip(of.rows, of.colours, strict=True):
        words = plain(capital(row[0]))
        width = paper.get_string_width(words) + 10
        if left + width > paper.w - MARGIN:
            left, y = MARGIN, y + 4
        paper.set_fill_color(*(colour or OTHER))
        paper.rect(left, y + 0.4, 3, 3, "F")
        paper.set_xy(left + 4, y)
        paper.cell(width, 4, words)
        left += width
    paper.set_xy(MARGIN, y + 4)


def _values(paper: Paper, content: Content) -> None:
    paper.heading(content.bars_title.removesuffix(", ml"), 14 + 6 * len(content.table.rows))
    top, half = paper.get_y(), paper.epw * 0.56
    table(paper, content.table, half)
    under = paper.get_y()
    if content.bars and paper.get_y() > top:
        bars(paper, content.bars, MARGIN + half + 6, top + 1, paper.epw - half - 6)
    paper.set_xy(MARGIN, max(under, top + 1 + 7 * len(content.bars)) + 1)
    paper.say(content.measure, 7.5, colour=MUTED)


def _montage(paper: Paper, slices: Sequence[Picture]) -> None:
    paper.heading("Slice by slice", 60)
    for first in range(0, len(slices), 4):
        pictures(paper, slices[first : first + 4], most=62)
    paper.set_xy(MARGIN, paper.get_y() + 0.8)
    paper.say(STEPS, 7.5, colour=MUTED)


def _maps(paper: Paper, content: Content) -> None:
    map_shown = content.doubt or (content.heat if len(content.key) > 1 else None)
    if map_shown is None and not content.reliability:
        return
    headings = {"Where the model was unsure": content.doubt, "What the answer hung on": map_shown}
    paper.heading(next((words for words, there in headings.items() if there), "Calibration"), 80)
    top, half, low = paper.get_y(), (paper.epw - 8) / 2, paper.get_y()
    if map_shown is not None:
        aspect = map_shown.width_px / map_shown.height_px
        height = min(half / aspect, 62)
        paper.ensure(height + 10)
        top = paper.get_y()
        picture = io.BytesIO(map_shown.png)
        paper.image(picture, MARGIN, top, height * aspect, height, alt_text=plain(map_shown.words))
        low = top + height + 1
        paper.set_xy(MARGIN, low)
        paper.say(f"{capital(map_shown.words)}.", 7.5, colour=MUTED, width=half)
        if content.doubt:
            y = paper.get_y() + 1
            paper.image(io.BytesIO(legend_png()), MARGIN + 9, y + 0.5, 30, 2.5)
            paper.set_xy(MARGIN, y)
            paper.cell(9, 3.5, "sure")
            paper.set_x(MARGIN + 40)
            paper.cell(30, 3.5, "all classes alike")
            paper.set_xy(MARGIN, y + 4)
        low = paper.get_y()
    if content.reliability:
        left = MARGIN + (half + 8 if map_shown is not None else 0)
        paper.set_xy(left, top)
        paper.say("How far its probabilities hold", 9.5, "B", width=half)
        reliability(paper, content.reliability, left + 10, paper.get_y() + 2, 48)
        paper.set_xy(left, paper.get_y() + 62)
        paper.say(content.reliability_words, 7.5, colour=MUTED, width=half)
        low = max(low, paper.get_y())
    paper.set_xy(MARGIN, low)


def _model(paper: Paper, content: Content) -> None:
    paper.heading("The model")
    if content.card:
        pairs(paper, content.card)
    else:
        paper.say(NO_CARD, 9)
    if content.metrics:
        paper.heading("How well it did when it was scored", 14 + 6 * len(content.metrics.rows))
        table(paper, content.metrics, paper.epw * 0.6)
    if content.made:
        paper.heading("How this was made")
        pairs(paper, content.made)
    paper.set_xy(MARGIN, paper.get_y() + 3)
    words = "A person who can read the scan must look at it together with this report. It names no patient."
    paper.say(words, 8, colour=MUTED)
