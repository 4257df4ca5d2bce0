"""JSON without surprises: nothing nested without end, no name given twice, no number that is none.

Python's own parser recurses, takes the last of two equal names and reads NaN; each has been used to make two
programs see two things in one file.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import numpy as np

from common.encoding import CP1252, as_utf8
from common.errors import IntakeError

MAX_DEPTH = 64
_DIGITS = 18
"""The longest whole number; longer ones fit no 64-bit integer."""
_ESCAPED = re.compile(rb"\\.", re.S)
_QUOTED = re.compile(rb'"[^"]*"')
_KEEP = b"[]{}"
_OTHERS = bytes(i for i in range(256) if i not in _KEEP)
_MEND = "export it anew"


def loads(data: bytes, where: str, *, max_depth: int = MAX_DEPTH, keep_nan: bool = False) -> Any:
    """Parse JSON.

    Args:
        data: the whole text; UTF-8, or UTF-16 with a mark.
        where: the file's name, for messages.
        max_depth: most brackets within brackets; looked at before the parser runs.
        keep_nan: give NaN and infinite numbers, which JSON does not know, as floats, to a caller that can
            say which value it is; else they are refused.

    Raises:
        IntakeError: it is no JSON, nested too deep, or has a name twice or a number out of bounds.
    """
    found = as_utf8(data)
    if found is None:
        raise IntakeError("this is no text, so no JSON", where=where, mend=_MEND)
    name, text = found
    if depth(text) > max_depth:
        raise IntakeError(
            f"brackets are nested more than {max_depth} deep", where=where, mend="bring it without them"
        )
    try:
        # What is no UTF-8 and has no mark is no JSON, but programs on Windows write it in place of é.
        return json.loads(
            text.decode("utf-8") if name != CP1252 else text.decode("utf-8", "replace"),
            object_pairs_hook=lambda pairs: _once(pairs, where),
            parse_int=lambda digits: _whole(digits, where),
            parse_float=lambda digits: _finite(digits, where, keep_nan),
            parse_constant=lambda word: float(word) if keep_nan else _no_number(word, where),
        )
    except json.JSONDecodeError as error:
        at = f"{where}, line {error.lineno}, column {error.colno}"
        raise IntakeError("here it is no valid JSON or cut off", where=at, mend=_MEND) from error
    except RecursionError as error:
        raise IntakeError("brackets are nested too deep", where=where, mend=_MEND) from error


def depth(text: bytes) -> int:
    """How deep brackets are nested, those in quotes left aside; found without recursion."""
    bare = _QUOTED.sub(b"", _ESCAPED.sub(b"", text))
    # An open quote at the end is an error of its own; what follows it counts as brackets and does no harm.
    steps = np.frombuffer(bare.translate(None, _OTHERS), np.uint8)
    if not len(steps):
        return 0
    return int(np.cumsum(np.where((steps == 0x5B) | (steps == 0x7B), 1, -1)).max(initial=0))


def _once(pairs: list[tuple[str, Any]], where: str) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise IntakeError(f"the name '{shown(twice)}' is given twice in one object", where=where, mend=_MEND)
    return made


def _whole(digits: str, where: str) -> int:
    if len(digits) > _DIGITS + 1:
        raise IntakeError(f"a number of {len(digits)} digits", where=where, mend="write smaller numbers")
    return int(digits)


def _finite(digits: str, where: str, keep_nan: bool) -> float:
    value = float(digits)
    if not keep_nan and value in (float("inf"), float("-inf")):
        _no_number(digits, where)
    return value


def _no_number(word: str, where: str) -> NoReturn:
    raise IntakeError(f"'{shown(word)}' is no finite number", where=where, mend="write a number")


def shown(text: str, longest: int = 40) -> str:
    """A text from a file as a message may show it: printable and short."""
    plain = "".join(c if c.isprintable() else "?" for c in text[: longest + 1])
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
