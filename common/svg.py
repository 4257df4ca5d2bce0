"""Charts as inline SVG: no script, no request, sharp on paper, colours from the page's style.

Classes name meanings (`measured`, `grid`, `tick`, ...); the page's style sheet colours them for light, dark
and paper.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

WIDTH = 1000


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers that span the range."""
    if not (np.isfinite(low) and np.isfinite(high)) or high <= low:
        return [low]
    rough = (high - low) / count
    size = 10.0 ** np.floor(np.log10(rough))
    step = next(f * size for f in (1, 2, 2.5, 5, 10) if f * size >= rough * 0.999)
    first, last = np.floor(low / step), np.ceil(high / step)
    return [round(float(k * step), 10) for k in np.arange(first, last + 1)]


def text(x: float, y: float, words: object, css: str = "", anchor: str = "start") -> str:
    """One piece of text; the words are escaped."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{css}" text-anchor="{anchor}">{escape(str(words))}</text>'


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{css}"/>'


def rect(x: float, y: float, width: float, height: float, css: str, *, title: str = "") -> str:
    """A filled rectangle with words that show under the pointer."""
    shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
    return f'{shape} class="{css}"><title>{escape(title)}</title></rect>'


def path(x: Sequence[float], y: Sequence[float], css: str) -> str:
    """A line through points, broken where a value is unknown."""
    parts, pen = [], "M"
    for across, down in zip(x, y, strict=True):
        if not np.isfinite(down):
            pen = "M"
            continue
        parts.append(f"{pen}{across:.1f} {down:.1f}")
        pen = "L"
    return f'<path d="{"".join(parts)}" class="{css}"/>'


def band(x: Sequence[float], low: Sequence[float], high: Sequence[float], css: str) -> str:
    """The area between two lines, broken where one is unknown."""
    known = np.isfinite(np.asarray(low)) & np.isfinite(np.asarray(high))
    parts = []
    for piece in np.split(np.arange(len(known)), np.flatnonzero(np.diff(known)) + 1):
        if len(piece) and known[piece[0]]:
            there = [f"{x[i]:.1f} {low[i]:.1f}" for i in piece]
            back = [f"{x[i]:.1f} {high[i]:.1f}" for i in piece[::-1]]
            parts.append(f"M{'L'.join([*there, *back])}Z")
    return f'<path d="{"".join(parts)}" class="{css}"/>'


def picture(
    parts: Sequence[str], height: float, words: str, width: float = WIDTH, css: str = "wide"
) -> Markup:
    """The whole drawing, with a description for those who cannot see it."""
    box = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    head = f'<svg class="{css}" {box} role="img" aria-label="{escape(words)}">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 -- every text in the parts is escaped
