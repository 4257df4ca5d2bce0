"""Damaged variants of a valid file, for tests that let nothing but the suite's own errors escape.

`PILOTS_EXAMPLES` sets how many are tried, so that a benchmark can try more than the tests do.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("PILOTS_EXAMPLES", "500"))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""Settings of every such test: `@fuzzed` above `@given(...)`."""

# Lengths, counts and offsets at which readers break, as bytes of either order.
_NUMBERS = (
    0,
    1,
    2**7,
    2**8 - 1,
    2**15 - 1,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**60,
    2**63,
    2**64 - 1,
)
_WORDS = tuple(
    (number % 2 ** (8 * width)).to_bytes(width, order)
    for number in _NUMBERS
    for width in (1, 2, 4, 8)
    for order in ("little", "big")
)
_TEXTS = (
    b"-1",
    b"nan",
    b"inf",
    b"1e400",
    b"99999999999999999999",
    b"\x00",
    b"\n",
    b" ",
    b'"',
    b"{",
    b"]",
    b"",
)
_DIGITS = b"0123456789"


@st.composite
def mutated(draw: st.DrawFn, valid: bytes, head: int = 0) -> bytes:
    """A valid file after one to four changes: flips, cuts, splices, changed numbers and lengths.

    Args:
        draw: given by hypothesis.
        valid: the file.
        head: as many bytes at its front are hit half of the time, where fields lie that matter; 0 leaves
            the place to chance.
    """
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        near = head and draw(st.booleans())
        at = draw(st.integers(0, max(min(head, len(data)) if near else len(data) - 1, 0)))
        how = draw(
            st.sampled_from(("flip", "byte", "word", "text", "digit", "cut", "drop", "copy", "insert"))
        )
        length = draw(st.integers(1, 64))
        if how == "flip" and data:
            data[min(at, len(data) - 1)] ^= 1 << draw(st.integers(0, 7))
        elif how == "byte" and data:
            data[min(at, len(data) - 1)] = draw(st.integers(0, 255))
        elif how == "word":
            word = draw(st.sampled_from(_WORDS))
            data[at : at + len(word)] = word
        elif how == "text":
            data[at : at + draw(st.integers(0, 4))] = draw(st.sampled_from(_TEXTS))
        elif how == "digit":
            found = next((i for i in range(at, len(data)) if data[i] in _DIGITS), None)
            if found is not None:
                data[found] = draw(st.sampled_from(_DIGITS))
        elif how == "cut":
            del data[at:]
        elif how == "drop":
            del data[at : at + length]
        elif how == "copy":
            source = draw(st.integers(0, max(len(data) - 1, 0)))
            data[at:at] = data[source : source + length]
        else:
            data[at:at] = draw(st.binary(min_size=1, max_size=16))
    return bytes(data)


def hostile(*valid: bytes, head: int = 0) -> st.SearchStrategy[bytes]:
    """Damaged variants of any of the files, and now and then bytes from nowhere."""
    some = st.sampled_from(valid).flatmap(lambda file: mutated(file, head))
    return st.one_of(some, some, some, st.binary(max_size=400))
