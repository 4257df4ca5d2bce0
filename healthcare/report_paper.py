"""Paper for the report: A4 by fpdf2 with the notice of research use on every page, and what is drawn on it.

The standard fonts of PDF are used, so that nothing has to be embedded: they hold western European letters;
what they lack is shown by the nearest sign.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from healthcare.figures import Picture
from healthcare.finding import RESEARCH_USE
from healthcare.painting import Colour
from healthcare.report_charts import dot_sizes, reach
from healthcare.report_content import Bar, Table

MARGIN, GAP = 14.0, 5.0
"""In mm, as all lengths here."""
BANNER, FOOT = 9.0, 14.0
INK, MUTED, RULE, MAIN = (21, 33, 43), (82, 97, 111), (213, 221, 229), (0, 114, 178)
PANEL, WARN, NOTICE, OTHER = (243, 246, 249), (230, 159, 0), (122, 51, 0), (154, 167, 179)
_NEAREST = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "…": "...", "“": '"', "”": '"', "‘": "'", "’": "'", "≥": ">=", "≤": "<=",
     "→": "->", "•": "·", "₂": "2", "\u00a0": " ", "\u202f": " "}
)  # fmt: skip
Align = Literal["L", "R", "C"]


def plain(words: str) -> str:
    """Text as the standard fonts can show it."""
    return words.translate(_NEAREST).encode("latin-1", "replace").decode("latin-1")


def capital(words: str) -> str:
    """With a capital at its beginning."""
    return words[:1].upper() + words[1:]


class Paper(FPDF):
    """A4 with the notice at the top and the page's number at the bottom of every page."""

    def __init__(self, under: str) -> None:
        super().__init__(format="A4")
        self.under = plain(under)
        self.set_margins(MARGIN, BANNER + 6, MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(True, FOOT)

    def header(self) -> None:
        """Draw the notice."""
        self.set_fill_color(*NOTICE)
        self.rect(0, 0, self.w, BANNER, "F")
        self.set_font("Helvetica", "B", 9)
        self.set_text_color(255, 255, 255)
        self.set_xy(0, 0)
        self.cell(self.w, BANNER, plain(RESEARCH_USE), align="C")
        self.set_xy(MARGIN, BANNER + 6)

    def footer(self) -> None:
        """Draw the page's number."""
        self.set_y(-FOOT + 3)
        self.set_font("Helvetica", "", 7.5)
        self.set_text_color(*MUTED)
        self.cell(self.epw / 2, 5, self.under)
        self.cell(self.epw / 2, 5, f"page {self.page_no()} of {{nb}}", align="R")

    def say(
        self, words: str, size: float = 9, style: str = "", colour: Colour = INK, width: float = 0
    ) -> None:
        """Text over the whole width, or the width given, from where the pen is."""
        left = self.get_x()
        self.set_font("Helvetica", style, size)
        self.set_text_color(*colour)
        self.multi_cell(
            width or self.w - MARGIN - left,
            size * 0.46,
            plain(words),
            align="L",
            new_x=XPos.LEFT,
            new_y=YPos.NEXT,
        )

    def heading(self, words: str, room: float = 30) -> None:
        """A heading, on a new page where there is no room for what follows."""
        self.ensure(room)
        self.set_y(self.get_y() + GAP)
        self.say(words, 11, "B")
        self.set_y(self.get_y() + 1.2)

    def ensure(self, height: float) -> None:
        """Go to a new page where so much does not fit any more."""
        if self.get_y() + height > self.h - FOOT:
            self.add_page()


def fitting(paper: Paper, words: str, width: float) -> str:
    """Text cut to a width, with dots where something is cut off."""
    words = plain(words)
    if paper.get_string_width(words) <= width:
        return words
    while words and paper.get_string_width(words + "...") > width:
        words = words[:-1]
    return words + "..."


def pictures(paper: Paper, of: Sequence[Picture], most: float) -> None:
    """Pictures side by side at one height, which fills the width where that is not too high."""
    gap, caption = 1.5, 4.5
    aspects = [picture.width_px / picture.height_px for picture in of]
    height = min((paper.epw - gap * (len(of) + 1)) / sum(aspects), most)
    paper.ensure(height + caption + 2 * gap)
    top = paper.get_y()
    paper.set_fill_color(0, 0, 0)
    used = height * sum(aspects) + gap * (len(of) + 1)
    paper.rect(MARGIN, top, used, height + caption + gap, "F")
    left = MARGIN + gap
    for picture, aspect in zip(of, aspects, strict=True):
        width = height * aspect
        paper.image(io.BytesIO(picture.png), left, top + gap, width, height, alt_text=plain(picture.words))
        paper.set_font("Helvetica", "", 6.5)
        paper.set_text_color(195, 204, 213)
        paper.set_xy(left, top + gap + height)
        paper.cell(width, caption, fitting(paper, capital(picture.words), width))
        left += width + gap
    paper.set_xy(MARGIN, top + height + caption + gap)


def table(paper: Paper, of: Table, width: float) -> None:
    """A table from the left margin on, as wide as is said."""
    others = len(of.heads) - 1
    first = width if not others else width * (0.34 if others > 1 else 0.6)
    widths = [first, *([(width - first) / others] * others if others else [])]

    def row(cells: Sequence[str], style: str, colour: Colour, mark: Colour | None = None) -> None:
        paper.ensure(6)
        y, left = paper.get_y(), MARGIN
        paper.set_font("Helvetica", style, 8 if style else 8.5)
        paper.set_text_color(*colour)
        for number, (cell, room) in enumerate(zip(cells, widths, strict=True)):
            inset = 4.0 if mark and not number else 0.0
            if inset:
                paper.set_fill_color(*(mark or OTHER))
                paper.rect(left, y + 1.2, 2.6, 2.6, "F")
            align: Align = "R" if of.numbers[number] else "L"
            words = capital(cell) if not number else cell
            paper.set_xy(left + inset, y)
            paper.cell(room - inset, 5, fitting(paper, words, room - inset - 0.5), align=align)
            left += room
        paper.set_draw_color(*RULE)
        paper.line(MARGIN, y + 5.4, MARGIN + width, y + 5.4)
        paper.set_xy(MARGIN, y + 5.8)

    row(of.heads, "B", MUTED)
    colours = of.colours or [None] * len(of.rows)
    for cells, mark in zip(of.rows, colours, strict=True):
        row(cells, "", INK, mark)


def bars(paper: Paper, of: Sequence[Bar], left: float, top: float, width: float) -> None:
    """Bars with whiskers, from a corner on, as wide as is said."""
    label, room, most = width * 0.3, 20.0, reach(of)
    span = width - label - room
    for number, bar in enumerate(of):
        y = top + number * 7
        paper.set_font("Helvetica", "", 8)
        paper.set_text_color(*INK)
        paper.set_xy(left, y)
        paper.cell(label - 2, 5, fitting(paper, bar.name, label - 2), align="R")
        paper.set_fill_color(*bar.colour)
        end = max(bar.value, 0.0) / most * span
        paper.rect(left + label, y + 0.5, end, 4, "F")
        if math.isfinite(bar.low) and math.isfinite(bar.high):
            low, high = (left + label + max(v, 0.0) / most * span for v in (bar.low, bar.high))
            paper.set_draw_color(*INK)
            paper.line(low, y + 2.5, high, y + 2.5)
            for at in (low, high):
                paper.line(at, y + 1.4, at, y + 3.6)
            end = max(end, high - left - label)
        paper.set_xy(left + label + end + 1, y)
        paper.cell(room, 5, plain(bar.words))


def reliability(
    paper: Paper, points: Sequence[Mapping[str, float]], left: float, top: float, size: float
) -> None:
    """The reliability curve in a square."""
    y_before = paper.get_y()
    paper.set_font("Helvetica", "", 7)
    paper.set_text_color(*MUTED)
    for share in (0.0, 0.5, 1.0):
        x, y = left + share * size, top + (1 - share) * size
        paper.set_draw_color(*RULE)
        paper.line(left, y, left + size, y)
        paper.line(x, top, x, top + size)
        paper.set_xy(left - 10, y - 2)
        paper.cell(9, 4, f"{share:.0%}", align="R")
        paper.set_xy(x - 6, top + size + 1)
        paper.cell(12, 4, f"{share:.0%}", align="C")
    paper.set_draw_color(*OTHER)
    with paper.local_context(line_width=0.2):
        paper.set_dash_pattern(dash=1, gap=1)
        paper.line(left, top + size, left + size, top)
        paper.set_dash_pattern()
    at = [(left + float(p["said"]) * size, top + (1 - float(p["true"])) * size) for p in points]
    paper.set_draw_color(*MAIN)
    paper.set_fill_color(*MAIN)
    for (x, y), (x2, y2) in pairwise(at):
        paper.line(x, y, x2, y2)
    for (x, y), radius in zip(at, dot_sizes(points), strict=True):
        paper.circle(x, y, radius / 4, style="F")
    paper.set_xy(left, top + size + 5)
    paper.cell(size, 4, "probability said", align="C")
    paper.set_y(y_before)


def pairs(paper: Paper, of: Sequence[tuple[str, str]]) -> None:
    """Names and what they are, a line each."""
    for name, words in of:
        paper.ensure(5)
        y = paper.get_y()
        paper.say(capital(name), 8, colour=MUTED, width=34)
        after, page = paper.get_y(), paper.page_no()
        paper.set_xy(MARGIN + 36, y)
        paper.say(words, 8)
        if paper.page_no() == page:
            paper.set_y(max(after, paper.get_y()))
        paper.set_xy(MARGIN, paper.get_y() + 0.6)
