"""The layout of a DICOM file, walked without recursion before pydicom reads it.

pydicom believes lengths and follows nested sequences as deep as they go. Here each length is held against the
file, nesting is counted, and the place of the pixel data is found; what it says is not looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from common.errors import IntakeError
from common.intake.archive import Counter, inflate

MAX_DEPTH = 32
"""Sequences within sequences; reports reach about 15."""
MAX_ELEMENTS = 2_000_000
_DEFLATED, _BIG_ENDIAN, IMPLICIT = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2"
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_BYTES = frozenset((b"OB", b"OW"))
_ENDLESS = 0xFFFFFFFF
_MARKS = 0xFFFE
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_PREAMBLE = 132
_SYNTAX = 0x00020010
_ANEW = "export it anew from the scanner or the archive"


@dataclass(frozen=True)
class Layout:
    """Where things lie in a DICOM file.

    Attributes:
        data: the data set, inflated where it was deflated.
        syntax: UID of the transfer syntax; "" where the file does not say.
        implicit: whether elements come without their type.
        little: byte order.
        header_end: where the elements before the pixel data end.
        pixels: bounds of the pixel data's value; None without pixel data.
        packed: whether the pixel data come in fragments, compressed.
        words: whether they are declared as 16-bit words (OW).
        floats: whether they are floating-point numbers.
    """

    data: memoryview
    syntax: str
    implicit: bool
    little: bool
    header_end: int
    pixels: tuple[int, int] | None
    packed: bool = False
    words: bool = False
    floats: bool = False


def layout(view: memoryview, where: str, counter: Counter) -> Layout:
    """Walk a file that begins with the preamble and DICM.

    Args:
        view: all of it.
        where: the file, for messages.
        counter: counts what is inflated.

    Raises:
        IntakeError: cut off, damaged, nested too deep, or it grows too much.
    """
    syntax, begin = _meta(view, where)
    data = view[begin:]
    if syntax == _DEFLATED:
        data = memoryview(inflate(data, counter, gzipped=False))
    little = syntax != _BIG_ENDIAN
    # Some writers say one and do the other; the first element shows which it is.
    implicit = not _has_type(data, 0) if len(data) >= 8 else syntax in ("", IMPLICIT)
    walk = _Walk(data, implicit, little, where)
    walk.run()
    return Layout(
        data, syntax, implicit, little, walk.at, walk.pixels, walk.packed, walk.kind != b"OB", walk.floats
    )


def _meta(view: memoryview, where: str) -> tuple[str, int]:
    """UID of the transfer syntax, and where the data set begins; this part is always explicit."""
    at, syntax = _PREAMBLE, ""
    while at + 8 <= len(view) and view[at] == 2 and view[at + 1] == 0:
        (element,) = struct.unpack_from("<H", view, at + 2)
        value, length = at + 8, 0
        if bytes(view[at + 4 : at + 6]) in _LONG:
            value += 4
            length = int.from_bytes(view[at + 8 : at + 12], "little")
        else:
            (length,) = struct.unpack_from("<H", view, at + 6)
        if value + length > len(view):
            raise IntakeError(
                "it is cut off within its first elements", where=where, mend="copy or export it anew"
            )
        if element == _SYNTAX & 0xFFFF:
            syntax = bytes(view[value : value + min(length, 64)]).decode("latin-1").strip("\x00 ")
        at = value + length
    return syntax, at


def _has_type(data: memoryview, at: int) -> bool:
    return 0x40 < data[at + 4] < 0x5B and 0x40 < data[at + 5] < 0x5B


class _Walk:
    """Goes through the elements of a data set with a list of what is open, in place of recursion.

    Attributes:
        at: where it stands; at the end, where the header ends.
        pixels, packed, kind, floats: of the pixel data, see `Layout`.
    """

    def __init__(self, data: memoryview, implicit: bool, little: bool, where: str) -> None:
        self.data, self.plain, self.where = data, implicit, where
        self.order = "<" if little else ">"
        self.short, self.long = struct.Struct(self.order + "H"), struct.Struct(self.order + "I")
        self.head = struct.Struct(self.order + "HH")
        self.sequences = _sequence_tags() if implicit else frozenset[int]()
        # Where each of them ends (-1: at its delimiter), whether it is a sequence, and its encoding.
        self.stack: list[tuple[int, bool, bool]] = []
        self.at = 0
        self.pixels: tuple[int, int] | None = None
        self.packed = self.floats = False
        self.kind = b""

    def run(self) -> None:
        """Go up to the pixel data, or to the end where there are none."""
        for _ in range(MAX_ELEMENTS):
            while self.stack and 0 <= self.stack[-1][0] <= self.at:
                self.stack.pop()
            if len(self.stack) > 2 * MAX_DEPTH:
                raise self._error(f"its sequences are nested more than {MAX_DEPTH} deep")
            limit = next((end for end, _, _ in reversed(self.stack) if end >= 0), len(self.data))
            if self.at + 8 > limit:
                if self.stack:
                    raise self._error("it is cut off within a sequence")
                self.at = min(self.at, len(self.data))
                return
            group, element = self.head.unpack_from(self.data, self.at)
            tag = group << 16 | element
            if group == _MARKS:
                self._mark(tag, limit)
            elif self.stack and self.stack[-1][1]:
                raise self._error("its sequences are damaged")
            elif self._element(tag, limit):
                return
        raise self._error(f"it holds more than {MAX_ELEMENTS:,} elements")

    def _mark(self, tag: int, limit: int) -> None:
        """Begin of an item, or end of an item or sequence."""
        (length,) = self.long.unpack_from(self.data, self.at + 4)
        self.at += 8
        if tag == _ITEM and self.stack and self.stack[-1][1]:
            end = -1 if length == _ENDLESS else self.at + length
            if end > limit:
                raise _wrong_length(tag, self.where)
            implicit = self.stack[-1][2]
            if not implicit and length >= 8 and self.at + 8 <= limit:
                # Within files that say types, some items do not.
                first = self.head.unpack_from(self.data, self.at)[0]
                implicit = first != _MARKS and not _has_type(self.data, self.at)
            self.stack.append((end, False, implicit))
        elif self.stack and tag == (_SEQUENCE_END if self.stack[-1][1] else _ITEM_END):
            self.stack.pop()
        else:
            raise self._error("its sequences are damaged")

    def _element(self, tag: int, limit: int) -> bool:
        """Go past an element or into a sequence; True at the pixel data."""
        implicit = self.stack[-1][2] if self.stack else self.plain
        kind, value, length = self._form(tag, limit, implicit)
        ours = tag in _PIXELS and not self.stack
        if length == _ENDLESS and (tag in _PIXELS or kind in _BYTES):
            end = _fragments_end(self.data, value, self.order, self.where)
        elif length == _ENDLESS:
            if kind not in (b"SQ", b"UN", b""):
                raise _wrong_length(tag, self.where)
            self.stack.append((-1, True, implicit or kind != b"SQ"))
            end = value
        else:
            end = value + length
            if end > limit:
                raise self._cut(length, limit - value) if ours else _wrong_length(tag, self.where)
            if kind == b"SQ" or (not kind and tag in self.sequences):
                self.stack.append((end, True, implicit))
                end = value
        if ours:
            self.pixels, self.packed, self.kind = (value, end), length == _ENDLESS, kind
            self.floats = tag != _PIXELS[-1]
            return True
        self.at = end
        return False

    def _form(self, tag: int, limit: int, implicit: bool) -> tuple[bytes, int, int]:
        """Type (b"" where it is not said), where the value begins, and its length."""
        at = self.at
        kind = b"" if implicit or not _has_type(self.data, at) else bytes(self.data[at + 4 : at + 6])
        if not kind:
            return kind, at + 8, self.long.unpack_from(self.data, at + 4)[0]
        if kind not in _LONG:
            return kind, at + 8, self.short.unpack_from(self.data, at + 6)[0]
        if at + 12 > limit:
            raise _wrong_length(tag, self.where)
        return kind, at + 12, self.long.unpack_from(self.data, at + 8)[0]

    def _error(self, what: str) -> IntakeError:
        return IntakeError(what, where=self.where, mend=_ANEW)

    def _cut(self, declared: int, there: int) -> IntakeError:
        return self._error(
            f"its pixel data are cut off: {declared:,} bytes are declared, {max(there, 0):,} are there"
        )


def _wrong_length(tag: int, where: str) -> IntakeError:
    return IntakeError(
        f"the element ({tag >> 16:04X},{tag & 0xFFFF:04X}) is longer than what is there",
        where=where, mend="copy or export it anew",
    )  # fmt: skip


def fragments(data: memoryview, at: int, order: str) -> Iterator[tuple[int, int]]:
    """Bounds of the fragments of compressed pixel data, the table of offsets first.

    Raises:
        ValueError: one is longer than what is there, or something else stands among them.
    """
    whole = struct.Struct(order + "HHI")
    while at + 8 <= len(data):
        group, element, length = whole.unpack_from(data, at)
        tag, at = group << 16 | element, at + 8
        if tag == _SEQUENCE_END:
            return
        if tag != _ITEM or at + length > len(data):
            raise ValueError("fragments")
        yield at, at + length
        at += length


def _fragments_end(data: memoryview, at: int, order: str, where: str) -> int:
    end = at
    try:
        for _, end in fragments(data, at, order):  # noqa: B007 -- the last one counts
            pass
    except ValueError as error:
        raise IntakeError(
            "its compressed pixel data are cut off", where=where, mend="copy or export it anew"
        ) from error
    # The delimiter, which some writers leave out at the end of the file.
    return min(end + 8, len(data))


def _sequence_tags() -> frozenset[int]:
    from pydicom._dicom_dict import DicomDictionary

    return frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")
